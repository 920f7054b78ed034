// SPDX-License-Identifier: Apache-2.0
//
// Writing TensorBundles; the format is described in read/bundle.h.
#include "write/bundle.h"

#include <stdlib.h>

#include "format/checksum.h"
#include "format/sstable.h"

static int compare_keys(const void *a, const void *b) {
    return strcmp((*(const czm_variable *const *)a)->handle->name,
                  (*(const czm_variable *const *)b)->handle->name);
}

czm_bundle_plan czm_bundle_plan_make(czm_arena *arena, const czm_model *model) {
    size_t count = model->variables.count;
    czm_bundle_plan plan = {CZM_NEW_ARRAY(arena, const czm_variable *, count), count,
                            CZM_NEW_ARRAY(arena, uint32_t, count), 0};
    for (size_t i = 0; i < count; i++) {
        plan.variables[i] = &model->variables.items[i];
        plan.data_size += plan.variables[i]->source->size;
    }
    qsort(plan.variables, count, sizeof *plan.variables, compare_keys);
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
static czm_bytes entry(czm_arena *arena, const czm_variable *v, uint64_t offset, uint32_t crc32c) {
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
    czm_put_fixed32(&b, 6, czm_crc32c_mask(crc32c));
    return czm_buffer_bytes(&b);
}

czm_bytes czm_bundle_index(czm_arena *arena, const czm_bundle_plan *plan) {
    czm_record *records = CZM_NEW_ARRAY(arena, czm_record, plan->count + 1);
    records[0] = (czm_record){czm_bytes_of("", 0), header(arena)};
    uint64_t offset = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const czm_variable *v = plan->variables[i];
        records[i + 1] =
            (czm_record){czm_bytes_text(v->handle->name), entry(arena, v, offset, plan->crc32c[i])};
        offset += v->source->size;
    }
    return czm_sstable_write(arena, records, plan->count + 1);
}

czm_status czm_bundle_data(czm_context *context, const czm_bundle_plan *plan, czm_sink sink) {
    for (size_t i = 0; i < plan->count; i++) {
        const czm_tensor_source *source = plan->variables[i]->source;
        CZM_TRY(source->stream(source, context, sink, &plan->crc32c[i]));
    }
    return CZM_OK;
}
