// SPDX-License-Identifier: Apache-2.0
//
// The tables of impostors; see impostor.h.
#include "read/impostor.h"

#include "base/list.h"
#include "base/os.h"
#include "codec/wire.h"

#define MODEL_FILE "saved_model.pb"

#define WEIGHTS_HINT                                                                      \
    "weights alone do not describe a network: load them into the network in the program " \
    "that trained it, and export a SavedModel"
#define PYTORCH_HINT                                                                 \
    "export the network to ONNX in Python: torch.onnx.export(model, example_input, " \
    "\"network.onnx\", opset_version=12) - and name that file"
#define LFS_HINT                                                                             \
    "the repository stores the file elsewhere: run \"git lfs pull\" in it, or download the " \
    "file from its web page"
#define FROZEN_HINT                                   \
    "export the network again as a SavedModel, with " \
    "tf.compat.v1.saved_model.simple_save(session, folder, inputs, outputs) in TensorFlow"

#define CZI_HINT "name the network; to try it on the image, export the image as OME-TIFF in ZEN"
#define ZOO "a package of the BioImage Model Zoo"
#define ZOO_HINT                                                                                  \
    "unpack the package and name its weights: the SavedModel (tensorflow_saved_model_bundle) or " \
    "the .onnx file that rdf.yaml or bioimageio.yaml lists"

// ---- files

static const struct {
    const char *magic;
    size_t at, size;
    czm_impostor kind;
} magics[] = {
    {"version https://git-lfs.github.com/", 0, 35, {"a Git LFS pointer, not the file", LFS_HINT}},
    {"\x89HDF\r\n\x1a\n", 0, 8, {"an HDF5 file", "name this file"}},
    {"ZISRAWFILE", 0, 10, {"a CZI image, not a network", CZI_HINT}},
    {"TFL3", 4, 4, {"a TensorFlow Lite model", "export the original network as a SavedModel"}},
    {"\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19", 0, 14, {"a PyTorch file", PYTORCH_HINT}},
    {"\x93NUMPY", 0, 6, {"a NumPy array", WEIGHTS_HINT}},
    {"{\"", 8, 2, {"a file of weights in safetensors format", WEIGHTS_HINT}},
    {"\x80\x02", 0, 2, {"a Python pickle", PYTORCH_HINT}},
    {"\x80\x03", 0, 2, {"a Python pickle", PYTORCH_HINT}},
    {"\x80\x04", 0, 2, {"a Python pickle", PYTORCH_HINT}},
    {"\x80\x05", 0, 2, {"a Python pickle", PYTORCH_HINT}},
    {"\x1f\x8b", 0, 2, {"a gzip archive", "unpack it and name the folder of the SavedModel"}},
    {"7z\xbc\xaf\x27\x1c",
     0,
     6,
     {"a 7z archive", "unpack it and name the folder of the SavedModel"}},
    {"Rar!", 0, 4, {"a RAR archive", "unpack it and name the folder of the SavedModel"}},
    {"node {", 0, 6, {"a graph in text form (GraphDef)", FROZEN_HINT}},
    {"<!DOCTYPE html",
     0,
     14,
     {"a web page", "download the file itself, not the page that shows it"}},
};

// A table of leveldb, which the index of a checkpoint is, ends with this (table/format.h).
static const uint8_t table_end[] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};

static const czm_impostor checkpoint = {"a TensorFlow checkpoint: weights without a network",
                                        WEIGHTS_HINT};
static const czm_impostor zoo = {ZOO, ZOO_HINT};
static const czm_impostor frozen = {"a frozen graph (GraphDef)", FROZEN_HINT};

static bool ends_with_table(czm_extent file) {
    uint8_t tail[sizeof table_end];
    return file.size > sizeof tail &&
           czm_file_read_at(file.file, file.offset + file.size - sizeof tail, tail, sizeof tail) &&
           memcmp(tail, table_end, sizeof tail) == 0;
}

// GraphDef {node=1 {name=1, op=2}}: the first field is a node, whose first fields are name and op.
static bool is_graph(czm_bytes head) {
    czm_wire wire = czm_wire_read(head);
    if (head.size < 8 || head.data[0] != 0x0a) return false;
    wire.at++;
    uint64_t size = czm_wire_varint(&wire);
    czm_bytes node = czm_bytes_of(wire.at, (size_t)(wire.end - wire.at));
    if (wire.damaged || size == 0) return false;
    if (size < node.size) node.size = (size_t)size;
    czm_field name, op;
    wire = czm_wire_read(node);
    return czm_wire_next(&wire, &name) && czm_field_is(&name, 1, CZM_WIRE_BYTES) &&
           czm_wire_next(&wire, &op) && czm_field_is(&op, 2, CZM_WIRE_BYTES) && op.bytes.size &&
           op.bytes.data[0] >= 'A' && op.bytes.data[0] <= 'Z';
}

// The description in a package of the BioImage Model Zoo is YAML, whose keys have any order.
static bool is_zoo(const char *head) {
    return strstr(head, "format_version:") &&
           (strstr(head, "weights:") || strstr(head, "type: model") || strstr(head, "bioimage"));
}

czm_impostor czm_impostor_of_file(czm_arena *arena, czm_extent file) {
    enum { HEAD = 4096 };
    size_t size = file.size < HEAD ? (size_t)file.size : HEAD;
    uint8_t *head = czm_arena_alloc(arena, size + 1);
    if (!czm_file_read_at(file.file, file.offset, head, size)) return (czm_impostor){0};
    for (size_t i = 0; i < CZM_COUNT_OF(magics); i++)
        if (size >= magics[i].at + magics[i].size &&
            memcmp(head + magics[i].at, magics[i].magic, magics[i].size) == 0)
            return magics[i].kind;
    head[size] = '\0';
    if (is_zoo((const char *)head)) return zoo;
    if (ends_with_table(file)) return checkpoint;
    return is_graph(czm_bytes_of(head, size)) ? frozen : (czm_impostor){0};
}

// ---- names

static const struct {
    const char *end;
    czm_impostor kind;
} members[] = {
    {"rdf.yaml", {ZOO, ZOO_HINT}},
    {"bioimageio.yaml", {ZOO, ZOO_HINT}},
    {"model.weights.h5", {"a part of a Keras archive", "name the file that model.save wrote"}},
    {"data.pkl", {"a PyTorch file", PYTORCH_HINT}},
    {".npy", {"an archive of NumPy arrays", WEIGHTS_HINT}},
    {"saved_model.pbtxt",
     {"a SavedModel in text form (saved_model.pbtxt)", "export it in binary form"}},
    {".ckpt.index",
     {"an archive of a TensorFlow checkpoint: weights without a network", WEIGHTS_HINT}},
    {".onnx", {"an archive of ONNX files", "unpack it and name one of them"}},
    {".keras", {"an archive with a Keras file", "unpack it and name the Keras file"}},
    {".h5", {"an archive with an HDF5 file", "unpack it and name the HDF5 file"}},
    {".hdf5", {"an archive with an HDF5 file", "unpack it and name the HDF5 file"}},
};

czm_impostor czm_impostor_of_archive(const czm_unzip *archive) {
    for (size_t k = 0; k < CZM_COUNT_OF(members); k++)
        for (size_t i = 0; i < archive->count; i++)
            if (czm_text_ends(archive->members[i].name, members[k].end)) return members[k].kind;
    return (czm_impostor){0};
}

// The folders one level down that are SavedModels, as a list; NULL: none.
static const char *models_below(czm_arena *arena, const char *path, const czm_path_list *names) {
    enum { MOST = 8 };
    const char *text = NULL;
    size_t count = 0;
    for (size_t i = 0; i < names->count && count <= MOST; i++) {
        const char *folder = czm_path_join(arena, path, names->paths[i]);
        if (czm_path_look(czm_path_join(arena, folder, MODEL_FILE)) != CZM_PATH_FILE) continue;
        if (++count > MOST) return czm_arena_format(arena, "%s and more", text);
        text = text ? czm_arena_format(arena, "%s, \"%s\"", text, folder)
                    : czm_arena_format(arena, "\"%s\"", folder);
    }
    return text;
}

// What a file with this ending is, if its content does not show it.
static const struct {
    const char *end;
    czm_impostor kind;
} files[] = {
    {".onnx", {"an ONNX file", "name this file"}},
    {".keras", {"a Keras file", "name this file"}},
    {".pb", {0}},
    {".index", {0}},
    {".pt", {0}},
    {".pth", {0}},
    {".h5", {0}},
    {".hdf5", {0}},
    {".safetensors", {0}},
};

static czm_impostor kind_of_file(czm_arena *arena, const char *path, czm_impostor by_name) {
    czm_file *file = czm_file_open(arena, path);
    if (!file) return (czm_impostor){0};
    czm_impostor kind = czm_impostor_of_file(arena, czm_extent_whole(file));
    return kind.what ? kind : by_name;
}

// A file in the folder that is recognised: a network, a frozen graph, a checkpoint.
static czm_impostor kind_of_files(czm_arena *arena, const char *path, const czm_path_list *names) {
    for (size_t k = 0; k < CZM_COUNT_OF(files); k++)
        for (size_t i = 0; i < names->count; i++) {
            const char *name = czm_path_join(arena, path, names->paths[i]);
            if (!czm_text_ends(name, files[k].end)) continue;
            czm_impostor kind = kind_of_file(arena, name, files[k].kind);
            if (kind.what)
                return (czm_impostor){czm_arena_format(arena, "a folder with %s (%s)", kind.what,
                                                       names->paths[i]),
                                      kind.hint};
        }
    return (czm_impostor){0};
}

czm_impostor czm_impostor_of_folder(czm_arena *arena, const char *path) {
    czm_path_list names;
    if (!czm_folder_names(arena, path, &names)) return (czm_impostor){0};
    const char *below = models_below(arena, path, &names);
    if (below)
        return (czm_impostor){"a folder whose subfolders are SavedModels",
                              czm_arena_format(arena, "name the folder of the model: %s", below)};
    for (size_t i = 0; i < names.count; i++)
        if (czm_text_equal(names.paths[i], "rdf.yaml") ||
            czm_text_equal(names.paths[i], "bioimageio.yaml"))
            return zoo;
    return kind_of_files(arena, path, &names);
}
