/* http/strict.c -- what the library lets pass and we do not. See ARCHITECTURE and inside.h.
 *
 * Two readers of one byte stream that disagree where a request ends are how requests are smuggled:
 * so everything here that could be read in two ways is refused, whatever the standard tolerates. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/inside.h"

static const struct known_row {
	const char *name;
	size_t length_bytes;
	bool once;
} known_rows[] = {
#define X(word, text, single) { text, sizeof(text) - 1, single },
	KNOWN_HEADERS(X)
#undef X
};

struct reading {
	struct http_request *r;
	const char *next; /* where the next line must begin */
};

/* What RFC 9110 calls a token: what a method or a header's name is made of. */
static const bool token_marks[128] = {
	['!'] = true,
	['#'] = true,
	['$'] = true,
	['%'] = true,
	['&'] = true,
	['\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['^'] = true,
	['_'] = true,
	['`'] = true,
	['|'] = true,
	['~'] = true,
};

static bool is_token(const char *text, size_t length_bytes)
{
	for (size_t i = 0; i < length_bytes; i++) {
		unsigned char c = (unsigned char)text[i], low = c | 0x20;
		bool alnum = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
		if (!alnum && (c >= 128 || !token_marks[c]))
			return false;
	}
	return length_bytes > 0;
}

static bool is_plain(const char *text, size_t length_bytes)
{
	for (size_t i = 0; i < length_bytes; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return false;
	}
	return true;
}

static void note_known(struct http_request *r, const char *name, size_t name_bytes,
	const char *value)
{
	for (int i = 0; i < KNOWN_COUNT; i++) {
		const struct known_row *row = &known_rows[i];
		if (row->length_bytes != name_bytes || strcasecmp(row->name, name) != 0)
			continue;
		if (r->known[i] && row->once) {
			request_refuse(r, ERR_INPUT, "");
			err_set(&r->refusal, ERR_INPUT, "the header %s is there twice", row->name);
		}
		r->known[i] = value;
		return;
	}
}

/* The library puts a NUL for each CR and LF and tells neither a bare LF nor a folded line nor a
 * NUL of the client's own: only with CRLF behind each value does the next name follow two bytes
 * after the value's end. */
static enum MHD_Result each_header(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_bytes, const char *value, size_t value_bytes)
{
	struct reading *at = context;
	struct http_request *r = at->r;
	if (r->header_count == HEADERS_MAX)
		return MHD_NO;
	if (name != at->next || !value)
		request_refuse(r, ERR_INPUT,
			"each line of the head ends with CR LF, holds no NUL "
			"and is not folded");
	if (!value)
		return MHD_NO;
	at->next = value + value_bytes + 2;
	if (!is_token(name, name_bytes))
		request_refuse(r, ERR_INPUT, "a header's name has a character that none may have");
	if (!is_plain(value, value_bytes))
		request_refuse(r, ERR_INPUT, "a header's value has a control character");
	r->headers[r->header_count++] = (struct header){ name, value };
	note_known(r, name, name_bytes, value);
	return MHD_YES;
}

int strict_headers(struct http_request *r, const char *version)
{
	const char *target_end = r->raw_target + strlen(r->target);
	if (r->method + strlen(r->method) + 1 != r->raw_target || target_end + 1 != version)
		return request_refuse(r, ERR_INPUT,
			"the first line is METHOD, one space, target, one space, HTTP/1.1");
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return request_refuse(r, ERR_INPUT, "this server speaks HTTP/1.1");
	if (!is_token(r->method, strlen(r->method)))
		return request_refuse(r, ERR_INPUT, "the method is no word");
	struct reading at = { r, version + strlen("HTTP/1.1") + 2 };
	MHD_get_connection_values_n(r->conn->mhd, MHD_HEADER_KIND, each_header, &at);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn->mhd,
		MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	if (at.next + 2 != r->method + info->header_size)
		request_refuse(r, ERR_INPUT,
			"each line of the head ends with CR LF, holds no NUL "
			"and is not folded");
	return r->refused ? -1 : 0;
}

int strict_framing(struct http_request *r)
{
	const char *length = r->known[KNOWN_CONTENT_LENGTH];
	const char *encoding = r->known[KNOWN_TRANSFER_ENCODING];
	if (length && encoding)
		return request_refuse(r, ERR_INPUT,
			"Content-Length and Transfer-Encoding exclude each other");
	if (encoding && strcasecmp(encoding, "chunked") != 0)
		return request_refuse(r, ERR_INPUT,
			"the only Transfer-Encoding that is understood is chunked");
	if (length && !str_to_u64(str_of(length), &r->body_expected_bytes))
		return request_refuse(r, ERR_INPUT, "the Content-Length is no number");
	r->body_chunked = encoding != NULL;
	bool reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
	if (reads && (r->body_expected_bytes > 0 || r->body_chunked))
		return request_refuse(r, ERR_INPUT, "a GET or HEAD request has no body");
	const char *expect = r->known[KNOWN_EXPECT];
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return request_refuse(r, ERR_INPUT, "nothing but 100-continue may be expected");
	return 0;
}

/* Name and port of a Host header. The port says nothing: `ssh -L` changes it. */
static bool host_split(const char *host, struct str *name)
{
	size_t length = strlen(host);
	const char *colon = NULL;
	if (host[0] == '[') {
		const char *end = strchr(host, ']');
		if (!end)
			return false;
		*name = (struct str){ host + 1, (size_t)(end - host - 1) };
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strchr(host, ':');
		*name = (struct str){ host, colon ? (size_t)(colon - host) : length };
	}
	if (colon && *colon != ':')
		return false;
	uint64_t port = 0;
	if (colon && colon[1] && (!str_to_u64(str_of(colon + 1), &port) || port > 65535))
		return false;
	return name->length_bytes > 0;
}

static bool name_is(struct str name, const char *allowed)
{
	return strlen(allowed) == name.length_bytes &&
		strncasecmp(name.at, allowed, name.length_bytes) == 0;
}

static bool host_allowed(const struct http *h, struct str name)
{
	if (name_is(name, "localhost") || name_is(name, "127.0.0.1") || name_is(name, "::1"))
		return true;
	if (h->listen_name && name_is(name, h->listen_name))
		return true;
	for (size_t i = 0; i < h->config.host_name_count; i++) {
		if (name_is(name, h->config.host_names[i]))
			return true;
	}
	return false;
}

int strict_host(struct http_request *r)
{
	const char *host = r->known[KNOWN_HOST];
	struct str name;
	if (!host)
		return request_refuse(r, ERR_INPUT, "the request has no Host header");
	if (!host_split(host, &name))
		return request_refuse(r, ERR_HOST, "the Host header is no host");
	if (!host_allowed(r->http, name))
		return request_refuse(r, ERR_HOST,
			"this server does not go by the name in the Host header: add it to the "
			"configured host names");
	return 0;
}

/* A browser says where a request comes from; what is no browser says nothing. */
int strict_origin(struct http_request *r)
{
	const char *site = r->known[KNOWN_SEC_FETCH_SITE];
	if (site) {
		if (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
			return 0;
		return request_refuse(r, ERR_CROSS_SITE,
			"requests that another site makes are refused");
	}
	const char *origin = r->known[KNOWN_ORIGIN];
	if (!origin)
		return 0;
	const char *host = strstr(origin, "://");
	if (host && strcasecmp(host + 3, r->known[KNOWN_HOST]) == 0)
		return 0;
	return request_refuse(r, ERR_CROSS_SITE, "requests that another site makes are refused");
}

int strict_body_type(struct http_request *r)
{
	const char *encoding = r->known[KNOWN_CONTENT_ENCODING];
	if (encoding && strcasecmp(encoding, "identity") != 0)
		return request_refuse(r, ERR_MEDIA_TYPE, "compressed bodies are not taken");
	if (r->route && r->route->flags & HTTP_ANY_TYPE)
		return 0;
	const char *type = r->known[KNOWN_CONTENT_TYPE];
	static const char json[] = "application/json";
	size_t length = sizeof(json) - 1;
	if (type && strncasecmp(type, json, length) == 0 &&
		(type[length] == 0 || type[length] == ';' || type[length] == ' '))
		return 0;
	return request_refuse(r, ERR_MEDIA_TYPE,
		"the body has to be JSON: send Content-Type: application/json");
}
