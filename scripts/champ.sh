#!/usr/bin/env bash
# CHAMP's model answers with their first wrong steps marked (MIT), out of PyPI's champ-dataset: what scores are tested on.

source "$(dirname "$0")/lib.sh"
lock_cache

version=1.0.0
path=champ/$version/v0.json
is_pinned "$cache/$path" "$path" && exit 0

say "fetching CHAMP's marked answers, 8 MB"
folder=$(incoming champ)
fetch_wheel champ champ-dataset==$version "$folder"
keep "$folder/champ_dataset/dataset_files/v0.json" "$path"
rm -r "$folder"
