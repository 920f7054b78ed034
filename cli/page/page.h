// SPDX-License-Identifier: Apache-2.0
//
// The module of the page: the calls of czm.h for JavaScript. A request and its answer are JSON. page/src/czm.ts is
// the other side.
#ifndef CZM_CLI_PAGE_H
#define CZM_CLI_PAGE_H

#include <jansson.h>

#include "base/os.h"
#include "czm.h"

#define PAGE_EXPORT(name) __attribute__((export_name(name)))

// A request {"options": {...}, ...}. `options` are its options: strings belong to the request, arrays to the
// arena.
typedef struct page_request {
    czm_arena *arena; // lives as long as the call
    json_t *json;
    czm_options options;
    czm_report *report;
} page_request;

// A text of the request; NULL if the key is missing.
const char *page_text(const page_request *request, const char *key);

// The function of a call: stores its result in `*result` (JSON, or NULL), and returns its status.
typedef czm_status page_call(page_request *request, json_t **result);

// Running a model on an image (tryout.c).
page_call page_tryout_open, page_tryout_begin, page_tryout_end;

#endif
