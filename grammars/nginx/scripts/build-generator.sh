#!/bin/sh
# Builds tree-sitter's parser generator, 0.20.7 (ABI 14), from Debian 12's source package and its librust-*-dev crates.
# The command line tool on npm is no way: it downloads its binary when it is installed.
# Usage: build-generator.sh WORK   -> WORK/generator/target/release/generator PATH_TO_GRAMMAR
# Needs: cargo, the packages that scripts/build-grammar.mjs lists, and bookworm among apt's sources.
set -eu
version=0.20.7
sha256=e8c0573be475dce5b024d83628a3eb47376923da701376e55a11804cc5d25487
mkdir -p "$1"
work=$(cd "$1" && pwd)
cd "$work"

# A list of sources and a cache of our own: the machine's stay as they are.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' |
  head -n 1)
if [ -z "$mirror" ]; then
  echo "apt knows no mirror of Debian 12 (bookworm, main)" >&2
  exit 1
fi
mkdir -p lists/partial cache/archives/partial
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >sources.list
fetch() {
  apt-get -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" \
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@" >fetch.log 2>&1 || {
    cat fetch.log >&2
    exit 1
  }
}
fetch update
fetch source --download-only "tree-sitter=$version-1"
echo "$sha256  tree-sitter_$version.orig.tar.xz" | sha256sum --check --quiet -

rm -rf "tree-sitter-$version" generator
tar xJf "tree-sitter_$version.orig.tar.xz"
mkdir -p generator/src generator/abi/src generator/.cargo
cp -r "tree-sitter-$version/cli/src/generate" generator/src/
cp "tree-sitter-$version/lib/include/tree_sitter/parser.h" generator/abi/
cd generator

# Ties in an unstable sort fall as the compiler's standard library pleases, and with them the numbers of the parser's
# states. With stable sorts every Rust version gives the same parser.
grep -rl sort_unstable src | xargs sed -i 's/sort_unstable/sort/g'

cat >Cargo.toml <<'END'
[package]
name = "generator"
version = "0.20.7"
edition = "2018"
[dependencies]
anyhow = "1"
indexmap = "1"
lazy_static = "1"
log = { version = "0.4", features = ["std"] }
regex = "1"
regex-syntax = "0.6"
rustc-hash = "1"
semver = "1"
serde = { version = "1", features = ["derive"] }
serde_json = { version = "1", features = ["preserve_order"] }
smallbitvec = "2"
tree-sitter = { path = "abi" }
END

# All that the generator wants from the runtime library are these three constants.
cat >abi/Cargo.toml <<'END'
[package]
name = "tree-sitter"
version = "0.20.7"
edition = "2018"
END
cat >abi/src/lib.rs <<'END'
pub const LANGUAGE_VERSION: usize = 14;
pub const MIN_COMPATIBLE_LANGUAGE_VERSION: usize = 13;
pub const PARSER_HEADER: &str = include_str!("../parser.h");
END
cat >src/main.rs <<'END'
mod generate;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).expect("the folder of a grammar");
    generate::generate_parser_in_directory(&std::path::PathBuf::from(folder), None, 14, false, None)
}
END

# Debian's crates take the place of the registry: nothing is downloaded.
cat >.cargo/config.toml <<'END'
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "/usr/share/cargo/registry"
[env]
RUST_BINDING_VERSION = "0.20.7"
RUST_BINDING_SHA = ""
END
RUSTFLAGS='-A warnings' cargo build --quiet --release --offline
