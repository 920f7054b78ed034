// SPDX-License-Identifier: Apache-2.0
//
// Streaming weights; see weight_source.h.
#include "read/keras/weight_source.h"

#include "codec/checksum.h"
#include "read/keras/number.h"

typedef struct weight_source {
    czm_tensor_source base; // the first member, for callers
    const czm_keras_file *file;
    const char *where;
    const czm_keras_weight *weight;
    czm_dtype dtype;
    czm_bytes converted; // empty: not yet
} weight_source;

static bool is_stored_as(const czm_keras_weight *w, czm_dtype dtype) {
    czm_hdf5_type type = w->dataset.type;
    czm_hdf5_class class = dtype == CZM_DTYPE_BFLOAT16 ? CZM_HDF5_OPAQUE : CZM_HDF5_FLOAT;
    return w->dataset.is_contiguous && !w->is_reordered && !w->is_flipped && !type.is_big_endian &&
           type.class == class && type.size == czm_dtype_size(dtype);
}

static czm_status hand_over(czm_bytes block, czm_sink sink, uint32_t *crc32c) {
    *crc32c = czm_crc32c(*crc32c, block);
    return sink.take(sink.user, block);
}

static czm_status stream_stored(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                                uint32_t *crc32c) {
    const weight_source *s = (const weight_source *)self;
    czm_extent data = s->weight->dataset.data;
    *crc32c = 0;
    for (uint64_t at = 0; at < data.size;) {
        size_t size = data.size - at < CZM_KERAS_BLOCK ? (size_t)(data.size - at) : CZM_KERAS_BLOCK;
        if (!czm_file_read_at(data.file, data.offset + at, s->file->block, size))
            return czm_report_add(context->report, CZM_RULE_FILE_UNREADABLE, s->where, NULL,
                                  "reading failed: %s", czm_file_error());
        CZM_TRY(hand_over(czm_bytes_of(s->file->block, size), sink, crc32c));
        at += size;
    }
    return CZM_OK;
}

// The place in the file of each element, in the order of its use.
static void find_places(const czm_keras_weight *w, size_t count, size_t *places) {
    size_t rank = w->dataset.rank, strides[CZM_KERAS_HIGHEST_RANK],
           at[CZM_KERAS_HIGHEST_RANK] = {0};
    int64_t dims[CZM_KERAS_HIGHEST_RANK];
    for (size_t i = rank, stride = 1; i-- > 0; stride *= (size_t)w->dataset.dims[i])
        strides[i] = stride;
    for (size_t i = 0; i < rank; i++) dims[i] = w->dataset.dims[w->is_reordered ? w->order[i] : i];
    for (size_t n = 0; n < count; n++) {
        places[n] = 0;
        for (size_t i = 0; i < rank; i++) {
            bool is_flipped = w->is_flipped && i + 2 < rank;
            size_t from = is_flipped ? (size_t)dims[i] - 1 - at[i] : at[i];
            places[n] += from * strides[w->is_reordered ? w->order[i] : i];
        }
        for (size_t i = rank; i-- > 0;) {
            if (++at[i] < (size_t)dims[i]) break;
            at[i] = 0;
        }
    }
}

czm_status czm_weight_numbers(czm_context *context, const czm_keras_file *file,
                              const czm_keras_weight *w, double **numbers, size_t *count) {
    czm_hdf5_type type = w->dataset.type;
    const uint8_t *stored = czm_hdf5_load(file->hdf5, &w->dataset);
    CZM_TRY(czm_keras_file_check(context, file));
    *count = type.size ? (size_t)(w->dataset.size / type.size) : 0;
    *numbers = CZM_NEW_ARRAY(context->arena, double, *count);
    size_t *places = CZM_NEW_ARRAY(context->arena, size_t, *count);
    find_places(w, *count, places);
    for (size_t i = 0; i < *count; i++)
        (*numbers)[i] = czm_keras_number_read(type, stored + places[i] * type.size);
    return CZM_OK;
}

static czm_status convert(czm_context *context, weight_source *s) {
    double *numbers;
    size_t count;
    CZM_TRY(czm_weight_numbers(context, s->file, s->weight, &numbers, &count));
    czm_buffer out = czm_buffer_in(context->arena);
    for (size_t i = 0; i < count; i++) czm_number_put(&out, s->dtype, numbers[i]);
    s->converted = czm_buffer_bytes(&out);
    return CZM_OK;
}

static czm_status stream_converted(const czm_tensor_source *self, czm_context *context,
                                   czm_sink sink, uint32_t *crc32c) {
    weight_source *s = (weight_source *)self; // converted bytes are kept
    *crc32c = 0;
    if (s->converted.size == 0) CZM_TRY(convert(context, s));
    for (size_t at = 0; at < s->converted.size;) {
        size_t size = s->converted.size - at < CZM_KERAS_BLOCK ? s->converted.size - at
                                                               : CZM_KERAS_BLOCK;
        CZM_TRY(hand_over(czm_bytes_of(s->converted.data + at, size), sink, crc32c));
        at += size;
    }
    return CZM_OK;
}

const czm_tensor_source *czm_weight_source(czm_context *context, const czm_keras_file *file,
                                           const char *where, const czm_keras_weight *weight,
                                           czm_dtype dtype) {
    weight_source *s = CZM_NEW(context->arena, weight_source);
    bool is_stored = is_stored_as(weight, dtype);
    czm_extent data = weight->dataset.data;
    czm_budget_input(context->arena, CZM_MEMORY, czm_extent_on_disk(data, data.size));
    uint64_t count = weight->dataset.size / weight->dataset.type.size;
    *s = (weight_source){.file = file, .where = where, .weight = weight, .dtype = dtype};
    s->base.size = count * czm_dtype_size(dtype);
    s->base.stream = is_stored ? stream_stored : stream_converted;
    return &s->base;
}
