#!/bin/sh
# Compiles SRC/{parser,scanner}.c into the WebAssembly file OUT with Debian's clang and lld, without a C library.
# Usage: build-wasm.sh SRC OUT   (CLANG and WASM_LD name other binaries)
#
# Compiling and linking are two steps on purpose: asked to do both with -Os, clang also runs binaryen's wasm-opt where
# that happens to be installed, and the bytes would depend on the machine.
set -eu
src=$(cd "$1" && pwd)
out=$2
clang=${CLANG:-clang}
ld=${WASM_LD:-wasm-ld}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The only thing parser.h wants from a C library.
printf '#ifndef NULL\n#define NULL ((void *)0)\n#endif\n' >"$tmp/stdlib.h"

cd "$src"
for unit in parser scanner; do
  "$clang" --target=wasm32-unknown-emscripten -ffreestanding -fPIC -Os -fno-exceptions -fvisibility=hidden \
    -I"$tmp" -I. -c "$unit.c" -o "$tmp/$unit.o"
done
"$ld" -shared --experimental-pic --no-entry --allow-undefined --export=tree_sitter_nginx --strip-all \
  "$tmp/parser.o" "$tmp/scanner.o" -o "$tmp/out.wasm"
chmod 644 "$tmp/out.wasm"
cd "$OLDPWD"
mv "$tmp/out.wasm" "$out"
