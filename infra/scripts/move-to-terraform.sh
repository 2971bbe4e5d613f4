#!/usr/bin/env bash
# Hands a CloudFormation stack's resources over to Terraform, without changing any of them. docs/operate/moving-to-terraform.md
# says what happens at each step, and how to go back.
#
# Usage: move-to-terraform.sh [--stack NAME] [--region REGION] STEP ENVIRONMENT
#   variables   writes infra/environments/ENVIRONMENT.tfvars from the stack's parameters
#   plan        makes every resource of the stack stay when it is deleted, and plans the import
#   apply       imports, and checks that nothing is left to change
#   finish      keeps the template beside the state, and deletes the stack
#   The stack is PREFIXcv-analytics, by the environment's file; for variables, which writes that, it is cv-analytics.
set -euo pipefail

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
stack="" named="" region=eu-west-2
while [[ ${1-} == --* ]]; do
  case $1 in
    --stack) stack=$2 named="--stack $2 "; shift 2 ;;
    --region) region=$2; shift 2 ;;
    *) usage ;;
  esac
done
[[ $# -eq 2 ]] || usage
step=$1 environment=$2
scripts=$(cd "$(dirname "$0")" && pwd)
if [[ $step == variables ]]; then
  infra=$(dirname "$scripts")
  stack=${stack:-cv-analytics}
  # The AWS CLI's first version reads the second of these.
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
else
  # Everything comes from the environment's file, its region too.
  set -- "$environment"
  source "$scripts/environment.sh"
  # shellcheck disable=SC2154
  stack=${stack:-${name_prefix}cv-analytics}
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

formation() { aws cloudformation "$@" --output text; }

fail() { echo "$*" >&2; exit 1; }

# How another step of the same move is started.
command_of() { echo "move-to-terraform.sh $named$1 $environment"; }

# Refuses a stack that another environment's variables describe.
check_stack() {
  local of
  of=$(formation describe-stacks --stack-name "$stack" \
    --query "Stacks[0].Parameters[?ParameterKey=='EnvironmentPrefix'].ParameterValue|[0]")
  of=${of/#None/}
  [[ $of == "$name_prefix" ]] ||
    fail "the stack $stack has the prefix \"$of\", and infra/environments/$environment.tfvars \"$name_prefix\": it is another environment's; nothing was changed"
}

# The value of one of the stack's parameters, out of `$work/parameters`.
parameter() { sed -n "s/^$1"$'\t'"//p" "$work/parameters"; }

write_variables() {
  local file=$infra/environments/$environment.tfvars
  [[ ! -e $file ]] || fail "infra/environments/$environment.tfvars is there already; it has to say what the stack's parameters say"
  formation describe-stacks --stack-name "$stack" \
    --query 'Stacks[0].Parameters[].[ParameterKey, ParameterValue]' >"$work/parameters"
  [[ $(parameter MaximumMessageSize) == 262144 ]] ||
    fail "the stack $stack has MaximumMessageSize=$(parameter MaximumMessageSize), which Terraform cannot set: change it to 262144 first"
  local recipients
  recipients=$(parameter RecipientEmails | sed 's/ *, */", "/g')
  {
    echo "environment = \"$(parameter Environment)\""
    echo "name_prefix = \"$(parameter EnvironmentPrefix)\""
    echo "region = \"$region\""
    echo "architecture = \"$(parameter Architecture)\""
    echo "sender_email = \"$(parameter SenderEmail)\""
    echo "recipient_emails = [\"$recipients\"]"
    echo "alert_email = \"$(parameter AlertEmail)\""
    echo "create_sender_identity = $(parameter CreateSenderIdentity)"
    echo "schedule = \"$(parameter Schedule)\""
    echo "table_billing = \"$(parameter TableBilling)\""
    echo "table_class = \"$(parameter TableClass)\""
    echo "point_in_time_recovery = $(parameter PointInTimeRecovery)"
    echo "deletion_protection = $(parameter DeletionProtection)"
    echo "processor_concurrency = $(parameter ProcessorConcurrency)"
    echo "keep_answers = $(parameter KeepAnswers)"
    echo "log_retention_days = $(parameter LogRetentionDays)"
    echo "silence_hours = $(parameter SilenceHours)"
    echo "join_rate_minimum_messages = $(parameter JoinRateMinimumMessages)"
    echo "budget_amount = $(parameter BudgetAmount)"
    echo "budget_currency = \"$(parameter BudgetCurrency)\""
    echo "stop_intake_at_budget = $(parameter StopIntakeAtBudget)"
    echo "free_tier_alert = $(parameter FreeTierAlert)"
  } >"$work/variables"
  terraform fmt - <"$work/variables" >"$file"
  echo "wrote infra/environments/$environment.tfvars from the stack $stack"
}

# Says of every resource in the template that it stays. CloudFormation rejects an update that changes nothing else, so a handle comes
# with it that costs nothing and does nothing.
retain_everything() {
  formation get-template --stack-name "$stack" --template-stage Original --query TemplateBody >"$work/original.yaml"
  awk '
    /^[A-Za-z]/ { resources = /^Resources:/ }
    resources && /^    (DeletionPolicy|UpdateReplacePolicy):/ { next }
    { print }
    /^Resources:/ {
      print "  MovedToTerraform:"
      print "    Type: AWS::CloudFormation::WaitConditionHandle"
    }
    resources && /^    Type:/ { print "    DeletionPolicy: Retain"; print "    UpdateReplacePolicy: Retain" }
  ' "$work/original.yaml" >"$work/retained.yaml"
  if grep -q "^  MovedToTerraform:" "$work/original.yaml"; then
    echo "every resource of the stack stays already"
    return
  fi
  local account bucket keep=() name
  account=$(aws sts get-caller-identity --query Account --output text)
  bucket=cv-analytics-terraform-state-$account-$region
  # Kept before anything is changed.
  aws s3api put-object --bucket "$bucket" --expected-bucket-owner "$account" --body "$work/original.yaml" \
    --key "cloudformation/$stack.yaml" >/dev/null
  for name in $(formation describe-stacks --stack-name "$stack" --query 'Stacks[0].Parameters[].ParameterKey'); do
    keep+=("ParameterKey=$name,UsePreviousValue=true")
  done
  formation update-stack --stack-name "$stack" --template-body "file://$work/retained.yaml" \
    --capabilities CAPABILITY_NAMED_IAM --parameters "${keep[@]}" >/dev/null
  aws cloudformation wait stack-update-complete --stack-name "$stack"
  echo "every resource of the stack stays when it is deleted"
}

# One import block: where it goes, and the identifier that Terraform asks for.
import() { printf 'import {\n  to = %s\n  id = "%s"\n}\n\n' "$1" "$2" >>"$work/imports.tf"; }

alarm() { import "module.monitoring.aws_cloudwatch_metric_alarm.$1" "$2"; }

write_imports() {
  local account subscription permission logical physical target
  account=$(aws sts get-caller-identity --query Account --output text)
  formation describe-stack-resources --stack-name "$stack" \
    --query 'StackResources[].[LogicalResourceId, PhysicalResourceId]' >"$work/resources"
  while read -r logical physical; do
    case $logical in
      EventsQueue) import module.sqs.aws_sqs_queue.events "$physical"
        import module.sqs.aws_sqs_queue_policy.events "$physical" ;;
      DeadLetterQueue) import module.sqs.aws_sqs_queue.dead_letters "$physical"
        import module.sqs.aws_sqs_queue_policy.dead_letters "$physical" ;;
      ScheduleDeadLetterQueue)
        target='module.reporter[0].module.eventbridge'
        import "$target.aws_sqs_queue.dead_letters" "$physical"
        import "$target.aws_sqs_queue_policy.dead_letters" "$physical" ;;
      # They come with their queues, topic and bucket.
      EventsQueuePolicy | DeadLetterQueuePolicy | ScheduleDeadLetterQueuePolicy | AlertTopicPolicy | ArchiveBucketPolicy) ;;
      QueryEventsTable) import module.dynamodb.aws_dynamodb_table.query_events "$physical" ;;
      AnalyticsTable) import module.dynamodb.aws_dynamodb_table.analytics "$physical" ;;
      ProcessorRole) import module.iam.aws_iam_role.processor "$physical"
        import module.iam.aws_iam_role_policy.processor "$physical:processor" ;;
      ReporterRole) import module.iam.aws_iam_role.reporter "$physical"
        import module.iam.aws_iam_role_policy.reporter "$physical:reporter" ;;
      WorkerUser) import module.iam.aws_iam_user.worker "$physical"
        import module.iam.aws_iam_user_policy.worker "$physical:send-events" ;;
      ProcessorLogs) import 'module.processor[0].module.function.aws_cloudwatch_log_group.this' "$physical" ;;
      ReporterLogs) import 'module.reporter[0].module.function.aws_cloudwatch_log_group.this' "$physical" ;;
      Processor) import 'module.processor[0].module.function.aws_lambda_function.this' "$physical" ;;
      ProcessorMapping) import 'module.processor[0].aws_lambda_event_source_mapping.events' "$physical" ;;
      Reporter)
        import 'module.reporter[0].module.function.aws_lambda_function.this' "$physical"
        permission=$(aws lambda get-policy --function-name "$physical" --query Policy --output text |
          grep -o '"Sid": *"[^"]*"' | head -n 1 | cut -d '"' -f 4)
        [[ -n $permission ]] || fail "the function $physical has no permission for its schedule"
        import 'module.reporter[0].module.eventbridge.aws_lambda_permission.schedule' "$physical/$permission" ;;
      ReporterPermission) ;;
      ScheduleRule)
        target='module.reporter[0].module.eventbridge'
        import "$target.aws_cloudwatch_event_rule.schedule" "$physical"
        import "$target.aws_cloudwatch_event_target.reporter" "$physical/reporter" ;;
      SenderIdentity) import 'module.mail[0].aws_sesv2_email_identity.sender' "$physical" ;;
      ArchiveBucket)
        for target in aws_s3_bucket aws_s3_bucket_server_side_encryption_configuration aws_s3_bucket_versioning \
          aws_s3_bucket_public_access_block aws_s3_bucket_lifecycle_configuration aws_s3_bucket_policy; do
          import "module.archive.$target.archive" "$physical"
        done ;;
      AlertTopic)
        import module.monitoring.aws_sns_topic.alerts "$physical"
        import module.monitoring.aws_sns_topic_policy.alerts "$physical"
        subscription=$(aws sns list-subscriptions-by-topic --topic-arn "$physical" \
          --query 'Subscriptions[0].SubscriptionArn' --output text)
        [[ $subscription == arn:* ]] ||
          fail "the subscription of alarms is not confirmed, so it cannot be moved: follow the link in SNS's mail first"
        import module.monitoring.aws_sns_topic_subscription.email "$subscription" ;;
      AlertSubscription) ;;
      DeadLettersAlarm) alarm dead_letters "$physical" ;;
      FailedMessagesAlarm) alarm failed_messages "$physical" ;;
      OldestMessageAlarm) alarm oldest_message "$physical" ;;
      ProcessorErrorsAlarm) alarm processor_errors "$physical" ;;
      ProcessorThrottlesAlarm) alarm processor_throttles "$physical" ;;
      ReporterErrorsAlarm) alarm reporter_errors "$physical" ;;
      NoReportAlarm) alarm no_report "$physical" ;;
      SilenceAlarm) alarm 'silence[0]' "$physical" ;;
      JoinRateAlarm) alarm join_rate "$physical" ;;
      Dashboard) import module.monitoring.aws_cloudwatch_dashboard.this "$physical" ;;
      MonthlyBudget) import module.budget.aws_budgets_budget.monthly "$account:$physical" ;;
      FreeTierBudget) import 'module.budget.aws_budgets_budget.free_tier[0]' "$account:$physical" ;;
      StopIntakePolicy) import 'module.budget.aws_iam_policy.stop_intake[0]' "$physical" ;;
      BudgetRole) import 'module.budget.aws_iam_role.budget[0]' "$physical"
        import 'module.budget.aws_iam_role_policy.budget[0]' "$physical:stop-intake" ;;
      StopIntakeAction)
        # CloudFormation gives "BUDGET|ACTION" or only the action.
        target=$(awk '$1 == "MonthlyBudget" { print $2 }' "$work/resources")
        import 'module.budget.aws_budgets_budget_action.stop_intake[0]' "$account:${physical##*|}:$target" ;;
      MovedToTerraform) ;;
      *) fail "the stack has a resource that Terraform does not describe: $logical" ;;
    esac
  done <"$work/resources"
  { echo "$imports_of $environment."; echo; cat "$work/imports.tf"; } >"$imports"
  echo "wrote infra/terraform/imports.tf: $(grep -c '^import' "$imports") resources"
}

in_terraform() { terraform -chdir="$terraform_folder" "$@"; }

# How many of imports.tf the state does not have yet.
count_missing() {
  in_terraform state list >"$work/state" 2>"$work/said" || grep -q "No state file" "$work/said" ||
    fail "$(cat "$work/said")"
  sed -n 's/^  to = //p' "$imports" | LC_ALL=C sort >"$work/wanted"
  LC_ALL=C sort "$work/state" | LC_ALL=C comm -23 "$work/wanted" - | wc -l | tr -d ' '
}

plan_import() {
  check_stack
  "$scripts/init.sh" "$environment"
  retain_everything
  # What is refused leaves neither.
  trap 'rm -rf "$work" "$imports" "$plan_file"' EXIT
  write_imports
  local missing planned
  missing=$(count_missing)
  "$scripts/plan.sh" "$environment" | tee "$work/plan"
  if grep -q "^No changes\." "$work/plan"; then
    planned=0
  else
    planned=$(sed -n 's/^Plan: \([0-9]*\) to import, 0 to add, 0 to change, 0 to destroy\.$/\1/p' "$work/plan")
  fi
  [[ -n $planned ]] ||
    fail "the plan would do more than import: infra/environments/$environment.tfvars says something else than the stack. Nothing was imported."
  [[ $planned -eq $missing ]] ||
    fail "the plan imports $planned resources, and $missing of the stack are not in the state. Nothing was imported."
  trap 'rm -rf "$work"' EXIT
  echo "$planned resources are left to import; next: $(command_of apply)"
}

apply_import() {
  [[ -f $imports ]] || fail "nothing to import: run $(command_of plan) first"
  "$scripts/apply.sh" "$environment"
  rm -f "$imports"
  check_nothing_to_do
  echo "Terraform has everything, and nothing to do; next: $(command_of finish)"
}

# 0: nothing to do, 2: something.
check_nothing_to_do() {
  local status=0
  in_terraform plan -input=false -detailed-exitcode \
    -var-file="$variables" >"$work/after" || status=$?
  [[ $status -eq 0 ]] || { cat "$work/after" >&2; fail "Terraform would change something: do not delete the stack"; }
}

delete_stack() {
  check_stack
  check_nothing_to_do
  formation get-template --stack-name "$stack" --template-stage Original --query TemplateBody >"$work/template.yaml"
  grep -q "^  MovedToTerraform:" "$work/template.yaml" ||
    fail "the stack would take its resources with it: $(command_of plan) comes first"
  formation delete-stack --stack-name "$stack"
  aws cloudformation wait stack-delete-complete --stack-name "$stack"
  check_nothing_to_do
  echo "the stack is gone, everything that was in it is there; its template lies beside the state, as cloudformation/$stack.yaml"
}

case $step in
  variables) write_variables ;;
  plan) plan_import ;;
  apply) apply_import ;;
  finish) delete_stack ;;
  *) usage ;;
esac
