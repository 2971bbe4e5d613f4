#!/usr/bin/env bash
# Brings the code of both functions, where it is another than the one that runs.
#
# Usage: release-functions.sh [--prefix PREFIX] [--region REGION] [--architecture arm64|x86_64] [--dist FOLDER] [FUNCTION…]
#   FUNCTION is processor or reporter; both where none is named
set -euo pipefail

prefix="" region=eu-west-2 architecture=arm64
dist=$(cd "$(dirname "$0")/../.." && pwd)/dist
functions=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --prefix) prefix=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --architecture) architecture=$2; shift 2 ;;
    --dist) dist=$2; shift 2 ;;
    processor | reporter) functions+=("$1"); shift ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
if [[ ${#functions[@]} -eq 0 ]]; then functions=(processor reporter); fi

# All files before the first change.
for function in "${functions[@]}"; do
  if [[ ! -f $dist/$function-$architecture.zip ]]; then
    echo "$dist/$function-$architecture.zip is not there: cargo xtask dist --arch $architecture writes it" >&2
    exit 1
  fi
done
for function in "${functions[@]}"; do
  name=${prefix}cv-analytics-$function file=$dist/$function-$architecture.zip
  wanted=$(openssl dgst -sha256 -binary "$file" | openssl base64 -A)
  running=$(aws lambda get-function-configuration --function-name "$name" --query CodeSha256 --output text)
  if [[ $running == "$wanted" ]]; then
    echo "$name runs this code already"
    continue
  fi
  aws lambda update-function-code --function-name "$name" --zip-file "fileb://$file" \
    --query CodeSha256 --output text >/dev/null
  aws lambda wait function-updated --function-name "$name"
  echo "$name runs the new code ($wanted)"
done
