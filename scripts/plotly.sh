#!/usr/bin/env bash
# plotly.js, which draws the report's figures (MIT), out of PyPI's plotly. Reports embed it, so they work offline.

source "$(dirname "$0")/lib.sh"
lock_cache

version=7.1.0
path=plotly/$version/plotly.min.js
is_pinned "$cache/$path" "$path" && exit 0

say "fetching plotly.js, 10 MB"
folder=$(incoming plotly)
fetch_wheel plotly plotly==$version "$folder"
keep "$folder/plotly/package_data/plotly.min.js" "$path"
rm -r "$folder"
