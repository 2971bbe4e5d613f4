#!/usr/bin/env bash
# Takes an installation out of service: stops new events, archives all data, and deletes nothing that is not in a
# verified archive. docs/operate/rollback.md says what happens at each step, and how to go back.
#
# Usage: rollback.sh [OPTION…] STEP
#   stop             switches the keys of the Worker's user off
#   resume           switches on again what stop switched off
#   archive PLACE    waits until no message waits, archives into a folder or s3://BUCKET/PREFIX, and verifies
#   delete PLACE     verifies once more, asks for the environment's name, and deletes
#   --stack NAME | --terraform ENVIRONMENT   what it was made by; the stack PREFIXcv-analytics where neither is named
#   --prefix PREFIX --region REGION          as it was made; Terraform's come from ENVIRONMENT.tfvars
#   --account ID     refuses every other account
#   --yes NAME       the environment's name, without being asked; needs --account
#   --program FILE   the program, where it is not cv-analytics
#   --minutes N      how long to wait for an empty queue (30)
#   --settle N       for how many seconds a queue has to be empty (60): SQS counts approximately
set -euo pipefail

usage() { sed -n '2,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }
fail() { echo "$*" >&2; exit 1; }

stack="" terraform="" prefix="" region=eu-west-2 expected="" yes="" program=cv-analytics minutes=30 settle=60
while [[ ${1-} == --* ]]; do
  [[ $# -ge 2 ]] || usage
  case $1 in
    --stack) stack=$2 ;;
    --terraform) terraform=$2 ;;
    --prefix) prefix=$2 ;;
    --region) region=$2 ;;
    --account) expected=$2 ;;
    --yes) yes=$2 ;;
    --program) program=$2 ;;
    --minutes) minutes=$2 ;;
    --settle) settle=$2 ;;
    *) usage ;;
  esac
  shift 2
done
case "${1-} $#" in
  "stop 1" | "resume 1" | "archive 2" | "delete 2") step=$1 place=${2-} ;;
  *) usage ;;
esac
[[ -z $yes || -n $expected ]] || fail "--yes needs --account: what is not asked about has to say where"
if [[ -n $terraform ]]; then
  set -- "$terraform"
  source "$(dirname "$0")/environment.sh"
  # shellcheck disable=SC2154
  prefix=$name_prefix
fi
stack=${stack:-${prefix}cv-analytics}
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
export QUERY_EVENTS_TABLE=${prefix}CV-Analytics-QueryEvents ANALYTICS_TABLE=${prefix}CV-Analytics
user=${prefix}cv-analytics-worker-$region
rule=${prefix}cv-analytics-weekly-report
queues=("${prefix}cv-analytics-events.fifo" "${prefix}cv-analytics-dlq.fifo" "${prefix}cv-analytics-schedule-dlq")
functions=("${prefix}cv-analytics-processor" "${prefix}cv-analytics-reporter")
stopped_tag=cv-analytics:stopped verified_tag=cv-analytics:verified

account=$(aws sts get-caller-identity --query Account --output text)
[[ -z $expected || $account == "$expected" ]] ||
  fail "these credentials are for the account $account, not $expected; nothing was changed"
here="the account $account, region $region"

# there ERROR COMMAND…: whether the command finds something. Any other error than ERROR ends everything: what cannot be
# looked at is not taken for gone.
there() {
  local error=$1 said
  shift
  if said=$("$@" 2>&1 >/dev/null); then return 0; fi
  [[ $said =~ $error ]] && return 1
  fail "$said"
}
table_there() { there ResourceNotFoundException aws dynamodb describe-table --table-name "$1"; }
queue_there() { there 'NonExistentQueue|QueueDoesNotExist' aws sqs get-queue-url --queue-name "$1"; }
user_there() { there NoSuchEntity aws iam get-user --user-name "$user"; }
function_there() { there ResourceNotFoundException aws lambda get-function --function-name "$1"; }
rule_there() { there ResourceNotFoundException aws events describe-rule --name "$rule"; }
stack_there() { there 'does not exist' aws cloudformation describe-stacks --stack-name "$stack"; }
described() { aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].$1" --output text; }

# ---------------------------------------------------------------- new events

keys() { aws iam list-access-keys --user-name "$user" --query "AccessKeyMetadata[$1].AccessKeyId" --output text; }
user_tag() { aws iam list-user-tags --user-name "$user" --query "Tags[?Key=='$1'].Value" --output text; }

stop() {
  user_there || fail "unknown user $user in $here: check the account, region and prefix"
  local active key
  active=$(keys "?Status=='Active'")
  if [[ -n $active ]]; then
    # Before the first is switched off, so that resume knows them all.
    # shellcheck disable=SC2046,SC2086
    key=$(printf '%s\n' $active $(user_tag "$stopped_tag") | sort -u | paste -s -d ' ' -)
    aws iam tag-user --user-name "$user" --tags "Key=$stopped_tag,Value=$key"
    for key in $active; do
      aws iam update-access-key --user-name "$user" --access-key-id "$key" --status Inactive
      echo "the key $key is switched off"
    done
  fi
  echo "the Worker may send no more; what waits is still taken. next: rollback.sh archive PLACE (back: rollback.sh resume)"
}

resume() {
  user_there || fail "unknown user $user in $here: check the account, region and prefix"
  local key
  for key in $(user_tag "$stopped_tag"); do
    aws iam update-access-key --user-name "$user" --access-key-id "$key" --status Active
    echo "the key $key is switched on again"
  done
  aws iam untag-user --user-name "$user" --tag-keys "$stopped_tag"
  echo "the Worker may send again"
}

check_stopped() {
  user_there || return 0
  local active
  active=$(keys "?Status=='Active'")
  [[ -z $active ]] || fail "the Worker's key is in use ($active): rollback.sh stop comes first"
}

# How many messages a queue holds, whether they can be seen or not; 0 where there is no queue.
waiting() {
  queue_there "$1" || { echo 0; return; }
  local url
  url=$(aws sqs get-queue-url --queue-name "$1" --query QueueUrl --output text)
  aws sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages \
    ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesDelayed \
    --query 'values(Attributes)' --output text | tr '\t' '\n' | awk '{ n += $1 } END { print n }'
}

# ---------------------------------------------------------------- the archive

drain() {
  local until=$((SECONDS + minutes * 60)) since="" count
  while true; do
    count=$(waiting "${queues[0]}")
    if [[ $count -ne 0 ]]; then
      since=""
      [[ $SECONDS -lt $until ]] ||
        fail "$count messages still wait in ${queues[0]} after $minutes minutes: the log of ${functions[0]} says why. Nothing was deleted; the same command goes on"
      echo "$count messages wait in ${queues[0]}"
    else
      since=${since:-$SECONDS}
      [[ $((SECONDS - since)) -lt $settle ]] || break
    fi
    sleep 5
  done
  echo "no message waits in ${queues[0]}"
}

on_tables() { "$program" archive "$place" --store dynamodb "$@"; }

verify_against_store() {
  on_tables --verify --against-store
  local manifest
  manifest=$(on_tables --verify --json)
  [[ $manifest == *'"unreadable":0'* ]] ||
    fail "the tables hold items of another program or version, which no archive of this one has; nothing was deleted"
}

archive() {
  command -v "$program" >/dev/null || fail "missing program $program: install it, or name it with --program"
  check_stopped
  drain
  # One that is complete stays; one that was interrupted goes on.
  on_tables --verify >/dev/null 2>&1 || on_tables
  verify_against_store
  echo "next: rollback.sh delete $place"
}

# ---------------------------------------------------------------- deletion

# The environment's name as its resources are tagged; empty where nothing is left.
environment_name() {
  if user_there; then
    user_tag Environment
  elif table_there "$ANALYTICS_TABLE"; then
    tag_of_table Environment
  fi
}

tag_of_table() {
  local arn
  arn=$(aws dynamodb describe-table --table-name "$ANALYTICS_TABLE" --query Table.TableArn --output text)
  aws dynamodb list-tags-of-resource --resource-arn "$arn" --query "Tags[?Key=='$1'].Value | [-1] || ''" --output text
}

# Whether what the installation was made by can be found, and is this installation's.
check_description() {
  local function
  if [[ -n $terraform ]]; then
    [[ -d $TF_DATA_DIR ]] || fail "not ready: init.sh $terraform comes first"
    # shellcheck disable=SC2154
    [[ ! -f $imports ]] ||
      fail "a stack is being moved to $terraform: end that first (move-to-terraform.sh), or delete infra/terraform/imports.tf"
    local state
    state=$(terraform -chdir="$terraform_folder" state list)
    for function in processor reporter; do
      if function_there "${prefix}cv-analytics-$function" && [[ $state != *"module.${function}[0]"* ]]; then
        fail "${prefix}cv-analytics-$function is not in the state of $terraform: destroy the project that it belongs to first (infra/terraform/$function)"
      fi
    done
  elif stack_there; then
    local of template
    of=$(described "Parameters[?ParameterKey=='EnvironmentPrefix'].ParameterValue|[0]")
    [[ ${of/#None/} == "$prefix" ]] || fail "the stack $stack has the prefix \"$of\", not \"$prefix\": name the right one with --stack or --prefix"
    template=$(aws cloudformation get-template --stack-name "$stack" --template-stage Original --query TemplateBody --output text)
    # It would go without the functions, roles, rule and alarms, which nothing would describe then.
    [[ $template != *$'\n  MovedToTerraform:'* ]] ||
      fail "the stack $stack is being moved to Terraform, and keeps everything: deploy-stack.sh puts its template back, or go on with the move (move-to-terraform.sh)"
    [[ $(described EnableTerminationProtection) != True ]] ||
      fail "the stack $stack is protected: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name $stack"
  else
    for function in "${functions[@]}"; do
      ! function_there "$function" ||
        fail "$function is there, and the stack $stack is not: name the stack with --stack, or Terraform's environment with --terraform"
    done
  fi
}

mappings="" rule_was_on=no
# Nothing is written while it is verified: no batch is taken, and no report begins.
freeze() {
  local mapping state
  if rule_there && [[ $(aws events describe-rule --name "$rule" --query State --output text) == ENABLED ]]; then
    rule_was_on=yes
    aws events disable-rule --name "$rule"
  fi
  function_there "${functions[0]}" || return 0
  for mapping in $(aws lambda list-event-source-mappings --function-name "${functions[0]}" \
    --query "EventSourceMappings[?State=='Enabled' || State=='Enabling'].UUID" --output text); do
    mappings+=" $mapping"
    aws lambda update-event-source-mapping --uuid "$mapping" --no-enabled >/dev/null
  done
  for mapping in $mappings; do
    for _ in {1..60}; do
      state=$(aws lambda get-event-source-mapping --uuid "$mapping" --query State --output text)
      [[ $state == Disabled ]] && break
      sleep 5
    done
    [[ $state == Disabled ]] || fail "the event source mapping $mapping is still $state"
  done
}

deleting=no
on_exit() {
  local status=$?
  [[ $status -ne 0 ]] || return 0
  if [[ $deleting == yes ]]; then
    echo "stopped halfway: what was deleted is in the archive; the same command goes on" >&2
    return
  fi
  local mapping
  [[ $rule_was_on == no ]] || aws events enable-rule --name "$rule"
  for mapping in $mappings; do
    aws lambda update-event-source-mapping --uuid "$mapping" --enabled >/dev/null
  done
  echo "nothing was deleted" >&2
}

digest() { on_tables --verify --json | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

verify() {
  if table_there "$ANALYTICS_TABLE" && table_there "$QUERY_EVENTS_TABLE"; then
    verify_against_store
  elif table_there "$ANALYTICS_TABLE"; then
    # Its partner went in an earlier run, which had compared both with this archive.
    local mark
    mark=$(digest)
    [[ $(tag_of_table "$verified_tag") == "$mark" ]] ||
      fail "$QUERY_EVENTS_TABLE is gone, and $ANALYTICS_TABLE was not compared with the archive in $place: it cannot be verified any more"
  elif table_there "$QUERY_EVENTS_TABLE"; then
    fail "$ANALYTICS_TABLE is gone, and this command did not delete it: $QUERY_EVENTS_TABLE cannot be verified any more"
  else
    on_tables --verify
  fi
}

check_queues_empty() {
  local queue count
  for queue in "${queues[@]:0:2}"; do
    count=$(waiting "$queue")
    [[ $count -eq 0 ]] || case $queue in
      *dlq*) fail "$count dead letters are in $queue, and in no archive: cv-analytics dead-letters list --store dynamodb, then retry or drop them" ;;
      *) fail "$count messages are in $queue: rollback.sh archive waits for them; where they keep coming, something besides the Worker sends" ;;
    esac
  done
}

confirm() {
  local typed=$yes
  if [[ -z $yes ]]; then
    printf 'In %s the environment %s is deleted: functions, rule, roles, alarms, queues, tables, logs, the Worker'\''s user.\nThe archive in %s stays. Type the name of the environment to delete it: ' "$here" "$name" "$place"
    read -r typed || true
  fi
  [[ $typed == "$name" ]] || fail "\"$typed\" is not the environment's name"
}

take_apart_description() {
  local function policy
  # The budget may have attached the policy that it stops the Worker with.
  if user_there; then
    for policy in $(aws iam list-attached-user-policies --user-name "$user" --query 'AttachedPolicies[].PolicyArn' --output text); do
      aws iam detach-user-policy --user-name "$user" --policy-arn "$policy"
    done
  fi
  if [[ -n $terraform ]]; then
    local kept
    kept=$(terraform -chdir="$terraform_folder" state list |
      grep -E '^module\.(sqs|dynamodb|archive|mail\[0\])\.|\.aws_cloudwatch_log_group\.|\.eventbridge\.aws_sqs_queue\.|\.aws_iam_user\.' || true)
    # Terraform refuses to destroy these; the data's go below, the others stay.
    # shellcheck disable=SC2086
    [[ -z $kept ]] || terraform -chdir="$terraform_folder" state rm $kept
    terraform -chdir="$terraform_folder" destroy -input=false -auto-approve -var-file="$variables"
  elif stack_there; then
    local id
    id=$(described StackId)
    aws cloudformation delete-stack --stack-name "$id"
    aws cloudformation wait stack-delete-complete --stack-name "$id"
    echo "the stack $stack is deleted"
  fi
  for function in "${functions[@]}"; do
    ! function_there "$function" || fail "$function is still there, so the tables stay too: delete it, and run the same command again"
  done
}

delete_table() {
  table_there "$1" || return 0
  aws dynamodb update-table --table-name "$1" --no-deletion-protection-enabled >/dev/null
  aws dynamodb wait table-exists --table-name "$1"
  aws dynamodb delete-table --table-name "$1" >/dev/null
  aws dynamodb wait table-not-exists --table-name "$1"
  echo "the table $1 is deleted"
}

delete_user() {
  user_there || return 0
  local one
  for one in $(keys ""); do aws iam delete-access-key --user-name "$user" --access-key-id "$one"; done
  for one in $(aws iam list-user-policies --user-name "$user" --query 'PolicyNames' --output text); do
    aws iam delete-user-policy --user-name "$user" --policy-name "$one"
  done
  aws iam delete-user --user-name "$user"
  echo "the user $user is deleted"
}

delete() {
  command -v "$program" >/dev/null || fail "missing program $program: install it, or name it with --program"
  trap on_exit EXIT
  name=$(environment_name)
  if [[ -z $name ]]; then
    echo "neither $user nor $ANALYTICS_TABLE is in $here: there is nothing to delete"
    exit
  fi
  check_description
  check_stopped
  check_queues_empty
  freeze
  verify
  confirm
  check_queues_empty
  deleting=yes
  local arn mark queue url group
  if table_there "$ANALYTICS_TABLE"; then
    arn=$(aws dynamodb describe-table --table-name "$ANALYTICS_TABLE" --query Table.TableArn --output text)
    mark=$(digest)
    aws dynamodb tag-resource --resource-arn "$arn" --tags "Key=$verified_tag,Value=$mark"
  fi
  take_apart_description
  delete_table "$QUERY_EVENTS_TABLE"
  delete_table "$ANALYTICS_TABLE"
  for queue in "${queues[@]}"; do
    queue_there "$queue" || continue
    url=$(aws sqs get-queue-url --queue-name "$queue" --query QueueUrl --output text)
    aws sqs delete-queue --queue-url "$url"
    echo "the queue $queue is deleted"
  done
  for group in "${functions[@]/#//aws/lambda/}"; do
    there ResourceNotFoundException aws logs list-tags-log-group --log-group-name "$group" || continue
    aws logs delete-log-group --log-group-name "$group"
    echo "the log group $group is deleted"
  done
  # Last: it is what a second run knows the environment by.
  delete_user
  echo "the environment $name is gone. What stays, and what takes it away, is in docs/operate/rollback.md: the archive's bucket, the sender in SES, the bucket of code or state"
}

"$step"
