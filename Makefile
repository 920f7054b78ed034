# SPDX-License-Identifier: Apache-2.0
#
# The few words that are typed every day. CMake does the work: see CMakeLists.txt, and for other
# compilers and analysers CMakePresets.json.
#
#     make           build/czmodel, build/savedmodel2czmodel, build/libczm.a and the shared library
#     make check     the fast tests, with AddressSanitizer and UndefinedBehaviorSanitizer
#     make test      that, and every test of the optimised program, in TensorFlow 2.0.0 too
#     make install   into DESTDIR and PREFIX
#     make clean     removes everything that was built
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# Read by cmake --build and by ctest, also from within a preset.
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
export CTEST_PARALLEL_LEVEL ?= $(JOBS)
# The make that CMake runs must not meet the job server of this one, nor tell where it goes.
cmake = MAKEFLAGS=--no-print-directory cmake
configure = $(cmake) -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX)

all:
	$(configure) -DBUILD_TESTING=OFF
	$(cmake) --build $(BUILD)

check:
	$(cmake) --workflow --preset check

test: check
	$(configure) -DBUILD_TESTING=ON
	$(cmake) --build $(BUILD)
	ctest --test-dir $(BUILD) --output-on-failure --no-tests=error

install: all
	DESTDIR=$(DESTDIR) $(cmake) --install $(BUILD)

clean:
	rm -rf $(BUILD)

.PHONY: all check test install clean
