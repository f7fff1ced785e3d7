/* client/answer.c -- what a reply means: its JSON, and the error in it. */
#include "client/answer.h"

#include <string.h>

#include "json/json.h"

#define REPLY_LIMITS \
	((struct json_limits){ .bytes_max = NET_REPLY_BYTES_MAX, .depth_max = 64, .words = true })

void answer_finish(struct answer *a)
{
	buf_finish(&a->body);
	arena_finish(&a->arena);
	*a = (struct answer){ 0 };
}

void answer_take(struct answer *a, struct net_reply *reply)
{
	answer_finish(a);
	a->status = reply->status;
	a->body = reply->body;
	*reply = (struct net_reply){ 0 };
	if (a->body.length_bytes > 0)
		a->document = json_parse((struct str){ a->body.bytes, a->body.length_bytes },
			REPLY_LIMITS, &a->arena, NULL);
}

static enum err_kind kind_of_status(int status)
{
	for (int kind = 1; kind < ERR_KIND_COUNT; kind++) {
		if (err_http_status((enum err_kind)kind) == status)
			return (enum err_kind)kind;
	}
	return status >= 500 ? ERR_INTERNAL : ERR_INPUT;
}

static const char *member_text(const struct answer *a, const char *key)
{
	const struct json *v = a->document && a->document->kind == JSON_IS_OBJECT
		? json_member(a->document, key)
		: NULL;
	return v && v->kind == JSON_IS_TEXT && v->text.length_bytes ? v->text.at : NULL;
}

const char *answer_text(const struct answer *a, const char *key)
{
	return member_text(a, key);
}

int answer_error(const struct answer *a, const char *server, struct err *e)
{
	if (a->status >= 200 && a->status < 300)
		return 0;
	const char *word = member_text(a, "code");
	enum err_kind kind = word ? err_kind_of_word(word) : ERR_NONE;
	if (kind == ERR_NONE)
		kind = kind_of_status(a->status);
	const char *sentence = member_text(a, "error");
	if (!sentence)
		sentence = member_text(a, "message");
	if (!sentence)
		sentence = member_text(a, "detail");
	if (kind == ERR_AUTH)
		return err_set(e, kind,
			"%s does not know who you are%s%s: give a token with --token "
			"or TRAINYARD_TOKEN",
			server, sentence ? ": " : "", sentence ? sentence : "");
	if (!sentence)
		return err_set(e, kind, "%s answered %d without a word: is it a trainyard server?",
			server, a->status);
	return err_set(e, kind, "%s", sentence);
}
