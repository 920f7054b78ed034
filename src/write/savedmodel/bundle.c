// SPDX-License-Identifier: Apache-2.0
//
// Writing TensorBundles; the format is described in read/savedmodel/bundle.h.
#include "write/savedmodel/bundle.h"

#include <stdlib.h>

#include "codec/checksum.h"
#include "codec/sstable.h"

// ---- the objects as a string tensor: varint length, its masked CRC-32C, the string

typedef struct string_source {
    czm_tensor_source base;
    czm_bytes tensor;
    uint32_t crc32c;
} string_source;

static czm_status stream_string(const czm_tensor_source *self, czm_context *context, czm_sink sink,
                                uint32_t *crc32c) {
    (void)context;
    const string_source *s = (const string_source *)self;
    *crc32c = s->crc32c;
    return sink.take(sink.user, s->tensor);
}

static const czm_tensor_source *make_string(czm_arena *arena, czm_bytes text) {
    string_source *s = CZM_NEW(arena, string_source);
    uint32_t masked_length;
    s->crc32c = czm_crc32c_string(text, &masked_length);
    czm_buffer tensor = czm_buffer_in(arena);
    czm_put_raw_varint(&tensor, text.size);
    czm_put_raw_le(&tensor, masked_length, 4);
    czm_put_raw(&tensor, text);
    s->tensor = czm_buffer_bytes(&tensor);
    s->base = (czm_tensor_source){s->tensor.size, stream_string};
    return &s->base;
}

// ---- the plan

static int compare_keys(const void *a, const void *b) {
    return strcmp(((const czm_bundle_tensor *)a)->key, ((const czm_bundle_tensor *)b)->key);
}

czm_bundle_plan czm_bundle_plan_make(czm_arena *arena, const czm_model *model,
                                     const czm_object_tree *tree) {
    size_t count = model->variables.count;
    czm_bundle_plan plan = {CZM_NEW_ARRAY(arena, czm_bundle_tensor, count + 1), count + 1, 0};
    for (size_t i = 0; i < count; i++) {
        const czm_variable *v = &model->variables.items[i];
        plan.tensors[i] =
            (czm_bundle_tensor){tree->keys[i], v->dtype, v->dims, v->rank, v->source, 0};
    }
    plan.tensors[count] = (czm_bundle_tensor){
        .key = "_CHECKPOINTABLE_OBJECT_GRAPH",
        .dtype = CZM_DTYPE_STRING,
        .source = make_string(arena, czm_object_tree_checkpoint(arena, tree)),
    };
    qsort(plan.tensors, plan.count, sizeof *plan.tensors, compare_keys);
    for (size_t i = 0; i < plan.count; i++) plan.data_size += plan.tensors[i].source->size;
    return plan;
}

// BundleHeaderProto: num_shards=1, version=3 {producer=1}.
static czm_bytes header(czm_arena *arena) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_varint(&b, 1, 1);
    size_t version = czm_put_begin(&b, 3);
    czm_put_varint(&b, 1, 1);
    czm_put_end(&b, version);
    return czm_buffer_bytes(&b);
}

// BundleEntryProto: dtype=1, shape=2, offset=4, size=5, crc32c=6. The checksum is written even
// when it is 0, which keeps the size constant.
static czm_bytes entry(czm_arena *arena, const czm_bundle_tensor *v, uint64_t offset) {
    czm_buffer b = czm_buffer_in(arena);
    czm_put_varint(&b, 1, (uint64_t)v->dtype);
    size_t shape = czm_put_begin(&b, 2);
    for (size_t i = 0; i < v->rank; i++) {
        size_t dim = czm_put_begin(&b, 2);
        if (v->dims[i]) czm_put_varint(&b, 1, (uint64_t)v->dims[i]);
        czm_put_end(&b, dim);
    }
    czm_put_end(&b, shape);
    if (offset) czm_put_varint(&b, 4, offset);
    if (v->source->size) czm_put_varint(&b, 5, v->source->size);
    czm_put_fixed32(&b, 6, czm_crc32c_mask(v->crc32c));
    return czm_buffer_bytes(&b);
}

czm_bytes czm_bundle_index(czm_arena *arena, const czm_bundle_plan *plan) {
    czm_record *records = CZM_NEW_ARRAY(arena, czm_record, plan->count + 1);
    records[0] = (czm_record){czm_bytes_of("", 0), header(arena)};
    uint64_t offset = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const czm_bundle_tensor *v = &plan->tensors[i];
        records[i + 1] = (czm_record){czm_bytes_text(v->key), entry(arena, v, offset)};
        offset += v->source->size;
    }
    return czm_sstable_write(arena, records, plan->count + 1);
}

czm_status czm_bundle_data(czm_context *context, const czm_bundle_plan *plan, czm_sink sink) {
    for (size_t i = 0; i < plan->count; i++) {
        const czm_tensor_source *source = plan->tensors[i].source;
        CZM_TRY(source->stream(source, context, sink, &plan->tensors[i].crc32c));
    }
    return CZM_OK;
}
