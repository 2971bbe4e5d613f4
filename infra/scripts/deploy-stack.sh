#!/usr/bin/env bash
# Creates the CloudFormation stack, or changes parameters of it, or brings it other code.
#
# Usage: deploy-stack.sh [--stack NAME] [--region REGION] [--code] [--architecture arm64|x86_64] [--dist FOLDER] PARAMETER=VALUE…
#   the first time: SenderEmail=… RecipientEmails=… AlertEmail=…; later only those that change
#   --code brings the functions of dist/ to a stack that is there, and so do --architecture and --dist; a new stack gets
#   them anyway. The stack is cv-analytics, with EnvironmentPrefix=dev- it is dev-cv-analytics.
set -euo pipefail
source "$(dirname "$0")/protected-bucket.sh"

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
fail() { echo "$*" >&2; exit 1; }

stack="" region=eu-west-2 replaced="" code=no architecture="" prefix="" given_prefix=no
root=$(cd "$(dirname "$0")/../.." && pwd)
dist=$root/dist
overrides=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --stack) stack=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --code) code=yes; shift ;;
    --architecture) architecture=$2 code=yes; shift 2 ;;
    --dist) dist=$2 code=yes; shift 2 ;;
    # It goes with the code that was built for it.
    Architecture=*) architecture=${1#*=} code=yes; shift ;;
    EnvironmentPrefix=*) prefix=${1#*=} given_prefix=yes; overrides+=("$1"); shift ;;
    [A-Z]*=*) overrides+=("$1"); shift ;;
    *) usage ;;
  esac
done
stack=${stack:-${prefix}cv-analytics}
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

described() { aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].$1" --output text; }
# The value of one of the stack's parameters.
parameter() { described "Parameters[?ParameterKey=='$1'].ParameterValue|[0]"; }

account=$(aws sts get-caller-identity --query Account --output text)
there=yes
if ! status=$(described StackStatus 2>&1); then
  [[ $status == *"does not exist"* ]] || fail "$status"
  there=no
fi
case $status in
  # One that was never whole takes no update.
  ROLLBACK_COMPLETE | ROLLBACK_FAILED | DELETE_FAILED)
    fail "the stack $stack is $status: a half of it that can only be deleted. docs/operate/troubleshooting.md says how" ;;
  UPDATE_ROLLBACK_FAILED)
    fail "the stack $stack is $status: its last change could not be taken back. docs/operate/troubleshooting.md says how to go on" ;;
  # A creation that was only looked at, or whose change set failed. It never ends by itself, and nothing was made.
  REVIEW_IN_PROGRESS) there=no ;;
  *_IN_PROGRESS) fail "the stack $stack is $status: wait until that has ended" ;;
esac
if [[ $there == yes ]]; then
  of=$(parameter EnvironmentPrefix)
  of=${of/#None/}
  # CloudFormation would make everything anew under other names.
  [[ $given_prefix == no || $of == "$prefix" ]] ||
    fail "the stack $stack has the prefix \"$of\", not \"$prefix\": another environment is another stack, --stack ${prefix}cv-analytics; nothing was changed"
  [[ -n $architecture ]] || architecture=$(parameter Architecture)
  replaced="$(parameter ProcessorCodeKey) $(parameter ReporterCodeKey)"
else
  code=yes
fi
architecture=${architecture:-arm64}

if [[ $code == yes ]]; then
  for function in processor reporter; do
    [[ -f $dist/$function-$architecture.zip ]] ||
      fail "missing $dist/$function-$architecture.zip: build it with cargo xtask dist --arch $architecture, or download a release"
  done
  bucket=cv-analytics-code-$account-$region
  protected_bucket "$bucket" "$region" "$account"
  # By its content, so that CloudFormation sees that the code is another.
  upload() {
    local file=$dist/$1-$architecture.zip key
    key=$stack/$1/$(openssl dgst -sha256 -r "$file" | cut -d ' ' -f 1).zip
    aws s3api put-object --bucket "$bucket" --expected-bucket-owner "$account" --key "$key" --body "$file" >/dev/null
    echo "$key"
  }
  processor_key=$(upload processor)
  reporter_key=$(upload reporter)
  overrides+=("CodeBucket=$bucket" "ProcessorCodeKey=$processor_key" "ReporterCodeKey=$reporter_key"
    "Architecture=$architecture")
  echo "the code is that of $dist, for $architecture"
else
  echo "the code stays as it is (--code brings that of $dist)"
fi

# Bash before 4.4 takes an array without an element for one that was never set.
aws cloudformation deploy --stack-name "$stack" --template-file "$root/infra/cloudformation/cv-analytics.yaml" \
  --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset --tags Project=CVAnalytics \
  ${overrides[@]+--parameter-overrides "${overrides[@]}"}
# CloudFormation compares with what it was given last, and other code may have been deployed since.
if [[ $code == yes && $there == yes ]]; then
  "$root/infra/scripts/release-functions.sh" --prefix "$of" --region "$region" --architecture "$architecture" --dist "$dist"
fi
# What this stack named before, and no other stack can name, becomes an old version: the bucket's lifecycle removes it.
for key in $replaced; do
  if [[ $code == yes && $key == "$stack/"* && $key != "$processor_key" && $key != "$reporter_key" ]]; then
    aws s3api delete-object --bucket "$bucket" --expected-bucket-owner "$account" --key "$key" >/dev/null
  fi
done
aws cloudformation describe-stacks --stack-name "$stack" \
  --query 'sort_by(Stacks[0].Outputs, &OutputKey)[].[OutputKey, OutputValue]' --output text
