/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_REF_GRAMMAR_H
#define IMAGES_REF_GRAMMAR_H

/*
 * The words that image names are made of, as the specifications of OCI have them.  images/ref.h
 * puts them together.
 */

#include <stdbool.h>

#include "base/str.h"

/* One part of a repository between slashes: distribution-spec, "Pulling manifests". */
bool ref_grammar_is_component(struct str s);
bool ref_grammar_is_tag(struct str s);

/* A host name, an IPv4 address or an IPv6 address in brackets, with an optional port. */
bool ref_grammar_is_host(struct str s);

/* As Docker decides it: the first part is a host when no repository could be called that. */
bool ref_grammar_looks_like_host(struct str first);

/* A digest by image-spec descriptor.md: any algorithm that fits the grammar passes, and sha256 and
 * sha512 must have 64 and 128 lower-case digits.  Safe to be a file's name. */
bool ref_grammar_is_digest(struct str s);

/* annotations.md, org.opencontainers.image.ref.name: alphanumeric words joined by separators. */
bool ref_grammar_is_layout_tag(struct str s);

bool ref_grammar_has_capitals(struct str s);

#endif
