# One role for each function, and the Worker's user. Nothing here may do more than it has to.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  log_groups = "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/aws/lambda"

  lambda_may_take = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role" "processor" {
  name               = "${var.name_prefix}cv-analytics-processor-${var.region}"
  assume_role_policy = local.lambda_may_take
}

resource "aws_iam_role_policy" "processor" {
  name = "processor"
  role = aws_iam_role.processor.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "InterimRows"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = var.query_events_table_arn
      },
      {
        Sid      = "Records"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = var.analytics_table_arn
      },
      {
        Sid    = "Messages"
        Effect = "Allow"
        Action = [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ReceiveMessage",
        ]
        Resource = var.queue_arn
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = var.dead_letter_queue_arn
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.log_groups}/${var.name_prefix}cv-analytics-processor:*"
      },
    ]
  })
}

resource "aws_iam_role" "reporter" {
  name               = "${var.name_prefix}cv-analytics-reporter-${var.region}"
  assume_role_policy = local.lambda_may_take
}

resource "aws_iam_role_policy" "reporter" {
  name = "reporter"
  role = aws_iam_role.reporter.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "InterimRows"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:UpdateItem"]
        Resource = var.query_events_table_arn
      },
      {
        Sid    = "Records"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchGetItem",
          "dynamodb:DescribeTable",
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
        ]
        Resource = var.analytics_table_arn
      },
      {
        Sid      = "Weeks"
        Effect   = "Allow"
        Action   = "dynamodb:Query"
        Resource = "${var.analytics_table_arn}/index/week-index"
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = "sqs:GetQueueAttributes"
        Resource = var.dead_letter_queue_arn
      },
      # While the account is in SES's sandbox, SES asks for the right on the recipient's identity too.
      {
        Sid       = "Mail"
        Effect    = "Allow"
        Action    = ["ses:SendEmail", "ses:SendRawEmail"]
        Resource  = "arn:${local.partition}:ses:${var.region}:${local.account_id}:identity/*"
        Condition = { StringEquals = { "ses:FromAddress" = var.sender_email } }
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.log_groups}/${var.name_prefix}cv-analytics-reporter:*"
      },
    ]
  })
}

# Its access key is made by infra/scripts/worker-key.sh, and goes straight into the Worker's secrets:
# a key made here would lie in the state.
resource "aws_iam_user" "worker" {
  #checkov:skip=CKV_AWS_273:a Worker outside AWS signs with a key; it cannot use single sign-on
  name = "${var.name_prefix}cv-analytics-worker-${var.region}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_iam_user_policy" "worker" {
  #checkov:skip=CKV_AWS_40:one user with one right, which nobody else is to have
  name = "send-events"
  user = aws_iam_user.worker.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SendEvents"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = var.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "true" } }
    }]
  })
}
