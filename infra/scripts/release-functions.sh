#!/usr/bin/env bash
# Brings the code of both functions, where it is another than the one that runs.
#
# Usage: release-functions.sh [--prefix PREFIX] [--region REGION] [--architecture arm64|x86_64] [--dist FOLDER] [FUNCTION…]
#   FUNCTION is processor or reporter; both where none is named. The architecture is the one that the function has;
#   another changes it together with the code.
set -euo pipefail

prefix="" region=eu-west-2 architecture=""
dist=$(cd "$(dirname "$0")/../.." && pwd)/dist
functions=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --prefix) prefix=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --architecture) architecture=$2; shift 2 ;;
    --dist) dist=$2; shift 2 ;;
    processor | reporter) functions+=("$1"); shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
if [[ ${#functions[@]} -eq 0 ]]; then functions=(processor reporter); fi

configured() {
  aws lambda get-function-configuration --function-name "${prefix}cv-analytics-$1" --query "$2" --output text
}

# All files before the first change.
files=() architectures=()
for function in "${functions[@]}"; do
  of=${architecture:-$(configured "$function" 'Architectures[0]')}
  file=$dist/$function-$of.zip
  if [[ ! -f $file ]]; then
    echo "missing $file: build it with cargo xtask dist --arch $of, or download a release" >&2
    exit 1
  fi
  files+=("$file") architectures+=("$of")
done
for number in "${!functions[@]}"; do
  function=${functions[number]} file=${files[number]} of=${architectures[number]}
  name=${prefix}cv-analytics-$function
  wanted=$(openssl dgst -sha256 -binary "$file" | openssl base64 -A)
  running=$(configured "$function" '[CodeSha256, Architectures[0]]')
  if [[ $running == "$wanted"$'\t'"$of" ]]; then
    echo "$name runs this code already"
    continue
  fi
  aws lambda update-function-code --function-name "$name" --zip-file "fileb://$file" --architectures "$of" \
    --query CodeSha256 --output text >/dev/null
  aws lambda wait function-updated --function-name "$name"
  echo "$name runs the new code ($wanted, $of)"
done
