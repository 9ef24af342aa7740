#!/usr/bin/env bash
# What reads Parquet and Arrow files: Arrow's C++ library from the `pyarrow` wheel, <cache>/libarrow/<version>/pyarrow, and the library
# that Sources/CArrow makes of it, <cache>/libarrow/libwinnow-arrow.so, which winnow opens at run time (WINNOW_ARROW names another).
#
# LIBARROW names a user's own Arrow, a folder with include/ and the libraries in it or in lib/. `libarrow.sh path` prints the
# folder of Arrow and fetches nothing.

source "$(dirname "$0")/lib.sh"

version=23.0.1
# Of the wheels for x86-64 Linux and CPython 3.10 to 3.14.
hashes=(
    c33b5bf406284fd0bba436ed6f6c3ebe8e311722b441d89397c54f871c6863a2
    26d50dee49d741ac0e82185033488d28d35be4d763ae6f321f97d1140eb7a0e9
    813d99f31275919c383aab17f0f455a04f5a429c261cc411b1e9a8f5e4aaaa05
    9b6f4f17b43bc39d56fec96e53fe89d94bac3eb134137964371b45352d40d0c2
    4982d71350b1a6e5cfe1af742c53dfb759b11ce14141870d05d9e540d13bc5d1
)
libarrow=${LIBARROW:-$cache/libarrow/$version/pyarrow}
if [ "${1:-}" = path ]; then
    printf '%s\n' "$libarrow"
    exit 0
fi
lock_cache

if [ -z "${LIBARROW:-}" ] && [ ! -d "$libarrow" ]; then
    say "fetching Arrow $version from the pyarrow wheel, 48 MB"
    folder=$(incoming libarrow)
    {
        printf 'pyarrow==%s' "$version"
        printf ' --hash=sha256:%s' "${hashes[@]}"
        printf '\n'
    } >"$folder/requirements.txt"
    pip libarrow install --no-deps --no-compile --only-binary :all: --require-hashes --target "$folder/$version" \
        --requirement "$folder/requirements.txt" ||
        fail "pyarrow $version could not be fetched for $("$python" --version) on $(uname -sm): see $cache/logs/libarrow.log, mend the network or pip's index, or name an Arrow of your own in LIBARROW, and run this again."
    mv "$folder/$version" "$cache/libarrow/$version"
    rm -r "$folder"
fi
[ -e "$libarrow/include/parquet/arrow/reader.h" ] ||
    fail "$libarrow holds no include/parquet/arrow/reader.h: name a folder with Arrow's headers and libraries in LIBARROW, or unset it."

libraries=()
for name in parquet arrow; do
    # A wheel has libarrow.so.2300 alone, an installation libarrow.so too.
    file=$(ls "$libarrow"/lib$name.so* "$libarrow"/lib/lib$name.so* 2>/dev/null | head -1) || true
    [ -n "$file" ] || fail "$libarrow holds no lib$name.so, nor does its lib/: name another folder in LIBARROW, or unset it."
    libraries+=("$file")
done

source=$checkout/Sources/CArrow
result=$cache/libarrow/libwinnow-arrow.so
compiler=${CXX:-clang++}
command -v "$compiler" >/dev/null || fail "$compiler is not on PATH: it comes with Swift, beside swift; or name a C++20 compiler in CXX."
key=$( (cat "$source"/*.cpp "$source"/*.h && printf '%s\n' "$libarrow" "$compiler") | git hash-object --stdin)
[ -e "$result" ] && [ "$(cat "$result.key" 2>/dev/null)" = "$key" ] && exit 0

say "compiling what reads Parquet and Arrow files"
"$compiler" -std=c++20 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -isystem "$libarrow/include" "$source"/*.cpp \
    "${libraries[@]}" -Wl,-rpath,"$(dirname "${libraries[0]}")" -o "$result.new" >"$cache/logs/libarrow-build.log" 2>&1 ||
    fail "Sources/CArrow could not be compiled against $libarrow: see $cache/logs/libarrow-build.log, and name an Arrow of version 15 or newer in LIBARROW."
mv -f "$result.new" "$result"
printf '%s\n' "$key" >"$result.key"
