/* api/api.h -- the HTTP API over a table of ports: http's routes and its one handler.
 *
 *     struct api *api = api_create(&ports, &e);
 *     config.routes = api_routes(&config.route_count);
 *     config.handle = api_handle;
 *     config.admit = api_admit;
 *     config.context = api;
 *
 * The ports must outlive the api, and the api every act that was begun through them. */
#ifndef API_API_H
#define API_API_H

#include <stddef.h>

#include "api/ports.h"
#include "base/err.h"
#include "http/http.h"

struct api;

struct api *api_create(const struct ports *ports, struct err *e);
void api_destroy(struct api *api); /* NULL is fine */

const struct http_route *api_routes(size_t *count);
http_handle_fn api_handle;
http_admit_fn api_admit; /* refuses who is nobody before the body is read */

/* The OpenAPI document of the table, a text that lives as long as the api. */
const char *api_openapi(const struct api *api);

#endif
