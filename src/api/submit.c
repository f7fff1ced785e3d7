/* api/submit.c -- submitting a job. */
#include <string.h>

#include "api/call.h"
#include "wire/submit.h"

#define KEY_BYTES_MAX 255

/* A random UUID, version 4. */
static void make_id(struct call *c, char id[JOB_ID_BYTES])
{
	uint8_t bits[16];
	char hex[33];
	c->ports->random_bytes(c->server, bits, sizeof(bits));
	bits[6] = (uint8_t)((bits[6] & 0x0F) | 0x40);
	bits[8] = (uint8_t)((bits[8] & 0x3F) | 0x80);
	str_to_hex(hex, bits, sizeof(bits));
	snprintf(id, JOB_ID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
}

static int read_key(struct call *c, struct arena *a, const char **key, struct err *e)
{
	const char *text = http_header(c->r, "Idempotency-Key");
	*key = NULL;
	if (!text)
		return 0;
	size_t length = strlen(text);
	bool good = length >= 1 && length <= KEY_BYTES_MAX;
	for (size_t i = 0; good && i < length; i++)
		good = text[i] > ' ' && text[i] < 0x7F;
	if (!good)
		return err_set(e, ERR_INPUT,
			"Idempotency-Key must be 1 to %d printable characters without spaces",
			KEY_BYTES_MAX);
	*key = arena_string(a, text);
	return 0;
}

static int read_job(struct call *c, struct arena *a, struct job_record *record, struct err *e)
{
	if (wire_read_submit(http_body(c->r), a, record, e))
		return -1;
	if (record->job.id[0] == '\0')
		make_id(c, record->job.id);
	if (!record->spec.name)
		record->spec.name = arena_string(a, record->job.id);
	if (!record->spec.host)
		record->spec.host = arena_string(a, http_peer(c->r)->address);
	record->spec.owner = arena_string(a, c->who.user);
	return 0;
}

static void submitted(void *context, const char *id, bool repeated, const struct err *e)
{
	struct ticket *t = context;
	const struct ports *ports = t->api->ports;
	struct err problem = { 0 };
	struct job_record record;
	AUTO_BUF body = { 0 };
	struct json_out out = { .to = &body };
	if (e || ports->job_get(ports->server, id, &t->arena, &record, &problem) ||
		ports->job_inputs(ports->server, &record, &t->arena, &problem)) {
		ticket_fail(t, e ? e : &problem);
		return;
	}
	struct job_view view = { .record = &record,
		.now_wall_ms = ports->now(ports->server).wall_ms,
		.show_private = true };
	ports->job_live(ports->server, id, &t->arena, &view.live);
	json_object(&out);
	json_put_bool(&out, "success", true);
	wire_job_members(&out, &view, JOB_WHOLE, &t->arena);
	json_end(&out);
	if (t->r && repeated)
		http_add_header(t->r, "Idempotency-Replayed", "true");
	if (t->r)
		http_add_header(t->r, "Location",
			arena_format(&t->arena, JOBS "/jobs/%s", record.job.id));
	ticket_reply(t, 201, &body);
}

void api_job_submit(struct call *c)
{
	struct ticket *t = ticket_create(c);
	struct submit_ask *ask = arena_new(&t->arena, struct submit_ask);
	struct job_record *record = arena_new(&t->arena, struct job_record);
	struct err e = { 0 };
	if (read_key(c, &t->arena, &ask->idempotency_key, &e) ||
		read_job(c, &t->arena, record, &e)) {
		ticket_drop(t);
		call_fail(c, &e);
		return;
	}
	ask->record = record;
	auth_sha256(http_body(c->r), ask->body_hash);
	c->ports->submit(c->server, ask, submitted, t);
	ticket_wait(t);
}
