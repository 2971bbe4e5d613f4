# The schedule, and where its events go that reached nobody.

data "aws_caller_identity" "current" {}

resource "aws_cloudwatch_event_rule" "schedule" {
  name                = "${var.name_prefix}cv-analytics-weekly-report"
  description         = "The weekly report"
  schedule_expression = var.schedule
  state               = "ENABLED"
}

resource "aws_cloudwatch_event_target" "reporter" {
  rule      = aws_cloudwatch_event_rule.schedule.name
  target_id = "reporter"
  arn       = var.function_arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_lambda_permission" "schedule" {
  statement_id   = "schedule"
  function_name  = var.function_name
  action         = "lambda:InvokeFunction"
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.schedule.arn
  source_account = data.aws_caller_identity.current.account_id

  lifecycle {
    # CloudFormation makes up an identifier of its own, and a permission cannot be renamed.
    ignore_changes = [statement_id]
  }
}

# EventBridge takes no FIFO queue here.
resource "aws_sqs_queue" "dead_letters" {
  #checkov:skip=CKV_AWS_27:SQS encrypts with a key of its own; a customer's key costs more a month than everything else here
  name                      = "${var.name_prefix}cv-analytics-schedule-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  max_message_size          = 262144

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ScheduleMaySend"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.schedule.arn } }
      },
      {
        Sid       = "SecureTransportOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
