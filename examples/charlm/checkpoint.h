/* charlm/checkpoint.h -- the whole state of a run in one file, and back.
 *
 * Whole or not there: the file is written under another name, forced to disk, and renamed. It holds
 * all that the next step depends on, so a resumed run equals one that was never stopped, bit for
 * bit: weights, both averages of Adam, the step, and the reader's place with its random generator.
 * The numbers are stored as the processor holds them; a checksum ends the file. */
#ifndef CHARLM_CHECKPOINT_H
#define CHARLM_CHECKPOINT_H

#include "charlm/train.h"

enum { CHECKPOINT_PATH_MAX = 4096 };

/* Writes OUT/charlm-STEP.ckpt and puts its path into `path`. -1: said why; nothing is left. */
int checkpoint_save(const struct trainer *trainer, char *path, size_t size);
/* -1: said why, and the trainer must not be used. */
int checkpoint_load(struct trainer *trainer, const char *path);
/* Removes the oldest until --keep are left; never the newest and never the best. */
void checkpoint_prune(const struct trainer *trainer);

#endif
