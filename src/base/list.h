/* base/list.h -- intrusive, circular, doubly linked: a node lives inside what it links.
 *
 *     struct waiter { struct list node; ... };
 *     struct waiter *w = LIST_ITEM(node, struct waiter, node);
 *
 * A node is linked or points to itself (list_init); list_remove leaves it pointing to itself, so
 * that removing twice is harmless. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define LIST_ITEM(node, type, field) ((type *)((char *)(node)-offsetof(type, field)))

/* The body may remove the current node. */
#define LIST_EACH(at, head)                                                          \
	for (struct list *at = (head)->next, *at##_next = at->next; at != (head);    \
		at = at##_next, at##_next = at->next)

#endif
