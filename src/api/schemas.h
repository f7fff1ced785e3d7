/* api/schemas.h -- what bodies and replies hold, for /openapi.json and /docs; inside this room. */
#ifndef API_SCHEMAS_H
#define API_SCHEMAS_H

#include <stddef.h>

/* type: string, integer, number, boolean, object, null; "[x]" a list of x; "#Name" another schema;
 * "state" one of the states; a "?" behind means that it may be null. */
struct schema_field {
	const char *name;
	const char *type;
	const char *words;
};

struct schema {
	const char *name;
	const struct schema_field *fields;
	size_t count;
	const char *base; /* a schema whose fields it has too, or NULL */
};

extern const struct schema api_schemas[];
extern const size_t api_schema_count;

/* The parameters of queries and what they mean. */
extern const struct schema_field api_parameters[];
extern const size_t api_parameter_count;

#endif
