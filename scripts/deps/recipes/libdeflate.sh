# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# With one more function, libdeflate_deflate_compress_open(): what it writes is no whole stream, others
# may follow it.  It has the final bit of no block set and ends on a byte boundary, with an empty
# stored block.  The input must be longer than what libdeflate stores without a try (51 bytes).

recipe()
{
    local file=lib/deflate_compress.c

    cd "$SRC"
    deps_replace '/^\tsize_t max_passthrough_size;$/a\	bool open;' $file
    deps_replace 's/^\tASSERT(block_length >= MIN_BLOCK_LENGTH || is_final_block);$/&\n\tis_final_block = is_final_block \&\& !c->open;/' $file
    # Three zero bits begin the stored block.  OUTPUT_END_PADDING (8) bytes are left for sure.
    deps_replace '/^libdeflate_deflate_compress(/,/^}/{
        s/^\tif (os.bitcount)$/\tif (c->open) {\
\t\tif (os.bitcount > 5)\
\t\t\t*os.next++ = os.bitbuf, os.bitbuf = 0;\
\t\t*os.next++ = os.bitbuf;\
\t\tput_unaligned_le32(0xFFFF0000, os.next);\
\t\tos.next += 4;\
\t} else if (os.bitcount)/
    }' $file
    deps_replace 's/^\tc->max_passthrough_size = .*$/\tc->open = false;\n&/' $file
    cat >>$file <<'END'

LIBDEFLATEEXPORT size_t LIBDEFLATEAPI
libdeflate_deflate_compress_open(struct libdeflate_compressor *c, const void *in, size_t in_nbytes,
                                 void *out, size_t out_nbytes_avail)
{
    size_t n;

    c->open = true;
    n = libdeflate_deflate_compress(c, in, in_nbytes, out, out_nbytes_avail);
    c->open = false;
    return n;
}
END
    cat >>libdeflate.h <<'END'

#define LIBDEFLATE_HAS_OPEN
extern size_t libdeflate_deflate_compress_open(struct libdeflate_compressor *c, const void *in,
                                               size_t in_nbytes, void *out, size_t out_nbytes_avail);
END
    deps_make libdeflate.a CC="$CC" AR="$AR" CFLAGS="-O2 $DEPS_CFLAGS"
    deps_install libdeflate.a -- libdeflate.h
    deps_licence libdeflate COPYING
}
