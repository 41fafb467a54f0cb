# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0

recipe()
{
    deps_cmake -O2 jansson \
        -DJANSSON_BUILD_SHARED_LIBS=OFF \
        -DJANSSON_BUILD_DOCS=OFF \
        -DJANSSON_EXAMPLES=OFF \
        -DJANSSON_WITHOUT_TESTS=ON
    deps_install "$WORK/build/lib/libjansson.a" -- "$WORK"/build/include/jansson*.h
    deps_licence jansson "$SRC/LICENSE"
}
