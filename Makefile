# SPDX-License-Identifier: Apache-2.0
#
# Short commands for daily use. CMake does the work: see CMakeLists.txt, and for other
# compilers and analysers CMakePresets.json.
#
#     make           build/czmodel, build/savedmodel2czmodel, build/savedmodel2czann, build/libczm.a and
#                    the shared library
#     make check     the fast tests, with AddressSanitizer and UndefinedBehaviorSanitizer
#     make test      that, and every test of the optimised program, in TensorFlow 2.0.0 too
#     make harden    damaged files, faults and accidents, many times more than "make test" tries
#     make fuzz      each fuzzer for FUZZ_SECONDS (600); needs clang-14 and libclang-rt-14-dev
#     make lint      clang-tidy, and gcc's analyser
#     make coverage  which lines the fast tests run
#     make bench     docs/benchmarks.md: our build, the static program and the wheel against a copy, and REFERENCE,
#                    a Python with czmodel 0.1.3
#     make bench-onnx  docs/onnx.md: networks in ONNX against those of tf2onnx
#     make deb       the Debian packages, in build/deb
#     make cross     static programs and the library for Linux, macOS and Windows, in build/cross;
#                    TARGETS names some of those in packaging/cross/build
#     make wheels    that, and the Python wheels of these systems, in build/wheels
#     make release   all of that with SHA256SUMS, of the last commit, in build/release
#     make page      the page, in build/page: czmodel.html, and a folder for web hosts; needs Node.js 18
#     make outdated  lists the libraries in our programs for which Debian has published repairs
#     make install   into DESTDIR and PREFIX; make uninstall removes what that installed
#     make clean     removes everything that was built
BUILD ?= build
PREFIX ?= /usr/local
DEB ?= $(BUILD)/deb
CROSS ?= $(BUILD)/cross
WHEELS ?= $(BUILD)/wheels
FUZZ_SECONDS ?= 600
CPU := $(subst x86_64,x64,$(subst aarch64,arm64,$(shell uname -m)))
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# Read by cmake --build and by ctest, also from within a preset.
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
export CTEST_PARALLEL_LEVEL ?= $(JOBS)
# The make that CMake runs must not use the job server of this one, nor print its directory.
cmake = MAKEFLAGS=--no-print-directory cmake
# Those of Debian 12 and Ubuntu 24.04. The analyser of another gcc warns of other things, some of which are wrong: there it does not stop the build.
gcc_is_known = $(if $(filter 12 13,$(shell gcc -dumpversion 2> /dev/null)),ON,OFF)
gcc_analyser = $(cmake) --preset gcc -DCZM_WERROR=$(gcc_is_known) && $(cmake) --build --preset gcc
configure = $(cmake) -S . -B "$(BUILD)" -DCMAKE_INSTALL_PREFIX="$(PREFIX)"

all:
	$(configure) -DBUILD_TESTING=OFF
	$(cmake) --build "$(BUILD)"

check:
	$(cmake) --workflow --preset check

# After a failure the next steps still run, and the exit status reports the failure.
test:
	result=0; $(MAKE) --no-print-directory check || result=1; \
	$(MAKE) --no-print-directory analysers || result=1; \
	$(configure) -DBUILD_TESTING=ON && $(cmake) --build "$(BUILD)" && \
	ctest --test-dir "$(BUILD)" --output-on-failure --no-tests=error || result=1; \
	python3 -B tests/minutes.py "$(BUILD)"; exit $$result

# Seldom used builds must work at every commit. This is the short form of lint, fuzz and coverage, in about five
# minutes of processor time: clang-tidy without clang's own analyser, which takes twenty times as long as
# everything else in it; gcc's analyser; the fuzzers with their corpora; coverage without the longest tests of
# damaged and hostile files.
analysers:
	$(cmake) --workflow --preset tidy
	$(gcc_analyser)
	$(cmake) --workflow --preset fuzz
	python3 -B tests/fuzz/run.py --build build/fuzz --replay
	$(cmake) --preset coverage
	$(cmake) --build --preset coverage
	find build/coverage -name '*.gcda' -delete
	ctest --preset coverage --exclude-regex '^(damage|hostile)$$'
	python3 -B tools/coverage.py build/coverage

harden:
	$(configure) -DBUILD_TESTING=ON
	$(cmake) --build "$(BUILD)"
	BUILD="$(BUILD)" tests/harden/run

fuzz:
	$(cmake) --workflow --preset fuzz
	python3 -B tests/fuzz/run.py --build build/fuzz --seconds $(FUZZ_SECONDS)

lint:
	$(cmake) --workflow --preset clang-tidy
	$(gcc_analyser)

coverage:
	find build/coverage -name '*.gcda' -delete 2> /dev/null || true
	$(cmake) --workflow --preset coverage
	python3 -B tools/coverage.py build/coverage

bench: TARGETS = linux-$(CPU) manylinux-$(CPU)
bench: wheels
	$(configure) -DBUILD_TESTING=OFF -DCZM_BENCH=ON -DCMAKE_BUILD_TYPE=Release
	$(cmake) --build "$(BUILD)"
	python3 -B bench/run.py --build "$(BUILD)" --shipped "$(BUILD)" --write $(if $(REFERENCE),--reference $(REFERENCE))

bench-onnx:
	$(configure) -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release
	$(cmake) --build "$(BUILD)"
	python3 -B bench/onnx_speed.py --build "$(BUILD)" --write

install: all
	DESTDIR="$(DESTDIR)" $(cmake) --install "$(BUILD)"

# CMake lists what it has installed.
uninstall:
	while IFS= read -r file || [ -n "$$file" ]; do rm -fv -- "$(DESTDIR)$$file"; done < "$(BUILD)/install_manifest.txt"

outdated:
	packaging/cross/outdated

deb:
	page="$(BUILD)/page/czmodel.html"; [ -f "$$page" ] || page=; \
	MAKEFLAGS= packaging/make_deb "$(DEB)" $${page:+"$$page"}

cross:
	MAKEFLAGS= packaging/cross/build "$(CROSS)" $(TARGETS)

windows:
	MAKEFLAGS= packaging/cross/build "$(CROSS)" windows-x64

wheels: cross
	page="$(BUILD)/page/small/czmodel.html"; [ -f "$$page" ] || page=; \
	"$(CROSS)/cache/tools/bin/python" -B packaging/make_wheels.py --built "$(CROSS)" --to "$(WHEELS)" $${page:+--page "$$page"}

page:
	MAKEFLAGS= page/build "$(BUILD)/page" "$(CROSS)"

release:
	MAKEFLAGS= packaging/make_release "$(BUILD)/release" $(TARGETS)

clean:
	rm -rf "$(BUILD)"

.PHONY: all analysers bench bench-onnx check test harden fuzz lint coverage install uninstall outdated deb cross page windows wheels release clean
