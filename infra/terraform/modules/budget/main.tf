# What the account may cost, who is told, and by choice what happens then.

data "aws_caller_identity" "current" {}

locals {
  notifications = [
    { type = "ACTUAL", threshold = 80 },
    { type = "ACTUAL", threshold = 100 },
    { type = "FORECASTED", threshold = 100 },
  ]
}

resource "aws_budgets_budget" "monthly" {
  name         = "${var.name_prefix}cv-analytics-monthly"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.amount)
  limit_unit   = var.currency

  dynamic "notification" {
    for_each = local.notifications

    content {
      notification_type          = notification.value.type
      comparison_operator        = "GREATER_THAN"
      threshold_type             = "PERCENTAGE"
      threshold                  = notification.value.threshold
      subscriber_email_addresses = [var.alert_email]
    }
  }
}

resource "aws_budgets_budget" "free_tier" {
  count = var.free_tier_alert ? 1 : 0

  name         = "${var.name_prefix}cv-analytics-free-tier"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = "1"
  limit_unit   = var.currency

  notification {
    notification_type          = "ACTUAL"
    comparison_operator        = "GREATER_THAN"
    threshold_type             = "ABSOLUTE_VALUE"
    threshold                  = 0.1
    subscriber_email_addresses = [var.alert_email]
  }
}

resource "aws_iam_policy" "stop_intake" {
  count = var.stop_intake ? 1 : 0

  name        = "${var.name_prefix}cv-analytics-stop-intake-${var.region}"
  description = "Attached to the Worker's user by the budget once it is spent"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StopIntake"
      Effect   = "Deny"
      Action   = "sqs:SendMessage"
      Resource = var.queue_arn
    }]
  })
}

resource "aws_iam_role" "budget" {
  count = var.stop_intake ? 1 : 0

  name = "${var.name_prefix}cv-analytics-budget-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "budgets.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "budget" {
  count = var.stop_intake ? 1 : 0

  name = "stop-intake"
  role = aws_iam_role.budget[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StopIntake"
      Effect    = "Allow"
      Action    = ["iam:AttachUserPolicy", "iam:DetachUserPolicy"]
      Resource  = var.worker_user_arn
      Condition = { ArnEquals = { "iam:PolicyARN" = aws_iam_policy.stop_intake[0].arn } }
    }]
  })
}

resource "aws_budgets_budget_action" "stop_intake" {
  count = var.stop_intake ? 1 : 0

  budget_name        = aws_budgets_budget.monthly.name
  action_type        = "APPLY_IAM_POLICY"
  approval_model     = "AUTOMATIC"
  notification_type  = "ACTUAL"
  execution_role_arn = aws_iam_role.budget[0].arn

  action_threshold {
    action_threshold_type  = "PERCENTAGE"
    action_threshold_value = 100
  }

  definition {
    iam_action_definition {
      policy_arn = aws_iam_policy.stop_intake[0].arn
      users      = [var.worker_user_name]
    }
  }

  subscriber {
    subscription_type = "EMAIL"
    address           = var.alert_email
  }
}
