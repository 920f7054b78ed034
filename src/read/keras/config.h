// SPDX-License-Identifier: Apache-2.0
//
// The values of a Keras configuration, which is JSON: numbers that some versions wrap in objects, sizes
// that are one number or several. A value that is null counts as absent.
#ifndef CZM_KERAS_CONFIG_H
#define CZM_KERAS_CONFIG_H

#include "codec/json.h"
#include "op/dtype.h"

enum { CZM_KERAS_HIGHEST_RANK = 8 };

// The value of a key, without its wrapping; NULL: absent. `config` may be anything.
const json_t *czm_config_get(const json_t *config, const char *key);

// A value without its wrapping: {"class_name": "__numpy__", "config": {"value": 1}} is 1.
const json_t *czm_config_unwrap(const json_t *value);

const char *czm_config_text(const json_t *config, const char *key, const char *absent);
bool czm_config_bool(const json_t *config, const char *key, bool absent);
double czm_config_number(const json_t *config, const char *key, double absent);
int64_t czm_config_int(const json_t *config, const char *key, int64_t absent);

// Reads an integer, or a list of at most `most` integers. Returns their number, or 0: absent, or another kind of
// value.
size_t czm_config_ints(const json_t *value, int64_t *out, size_t most);

// One size for each of `rank` dimensions; a single number is for all of them. false: neither.
bool czm_config_sizes(const json_t *config, const char *key, size_t rank, int64_t absent,
                      int64_t *out);

// The element type of TensorFlow 2.0.0 with this name, such as "float32"; CZM_DTYPE_NONE: another value.
czm_dtype czm_config_dtype(const json_t *value);

// The name of a class: of {"class_name": ..., ...}; "" if there is none.
const char *czm_config_class(const json_t *object);

#endif
