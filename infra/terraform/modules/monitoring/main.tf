# Who is told, nine alarms on ten metrics (as many as CloudWatch gives free of charge), and a dashboard.

data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:alarms cannot use SNS's own key, and a customer's key costs more a month than everything else here
  name = "${var.name_prefix}cv-analytics-alerts"
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsMayPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "SecureTransportOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email

  lifecycle {
    # The provider's own, of no meaning for mail; SNS does not tell them, so an import would change them.
    ignore_changes = [confirmation_timeout_in_minutes, endpoint_auto_confirms]
  }
}

# A queue that was empty for hours has no figure: filled with 0, its first message is growth.
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name_prefix}cv-analytics-dead-letters"
  alarm_description   = "There are more dead letters than before. They are kept 14 days. Look with \"cv-analytics dead-letters list --store dynamodb\"."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]

  metric_query {
    id          = "growth"
    label       = "New dead letters"
    expression  = "DIFF(FILL(waiting, 0))"
    return_data = true
  }

  metric_query {
    id          = "waiting"
    return_data = false

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.dead_letter_queue_name }
      period      = 300
      stat        = "Maximum"
    }
  }
}

# A partial batch response is no error to Lambda: only the processor knows what it returned.
resource "aws_cloudwatch_metric_alarm" "failed_messages" {
  alarm_name          = "${var.name_prefix}cv-analytics-failed-messages"
  alarm_description   = "The processor returns messages for a quarter of an hour. They come again for nearly 4 days; its log says why."
  namespace           = "CVAnalytics"
  metric_name         = "Failed"
  dimensions          = { Environment = var.environment }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  alarm_name          = "${var.name_prefix}cv-analytics-oldest-message"
  alarm_description   = "A message waits for an hour and nobody takes it. Messages are kept 4 days; look at the event source mapping."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = var.queue_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "processor_errors" {
  alarm_name          = "${var.name_prefix}cv-analytics-processor-errors"
  alarm_description   = "The processor ended in an error. Its messages come again, 1,000 times in all; look at its log."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = var.processor_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "processor_throttles" {
  alarm_name          = "${var.name_prefix}cv-analytics-processor-throttles"
  alarm_description   = "Lambda had no execution free for the processor. Look at the account's concurrency."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = var.processor_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "reporter_errors" {
  alarm_name          = "${var.name_prefix}cv-analytics-reporter-errors"
  alarm_description   = "The reporter ended in an error. Lambda tries twice more; its log says why."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = var.reporter_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

# An alarm looks back seven days at most.
resource "aws_cloudwatch_metric_alarm" "no_report" {
  alarm_name          = "${var.name_prefix}cv-analytics-no-report"
  alarm_description   = "The reporter did not run for seven days. Look at the rule; it rings too until a first report was made."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = var.reporter_name }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 7
  datapoints_to_alarm = 7
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  count = var.silence_hours == 0 ? 0 : 1

  alarm_name          = "${var.name_prefix}cv-analytics-silence"
  alarm_description   = "No message came for the chosen time. Look at the Worker; it rings too until a first message came."
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesSent"
  dimensions          = { QueueName = var.queue_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.silence_hours
  datapoints_to_alarm = var.silence_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
}

# A joined interaction takes two messages, an unanswered one takes one: joined / (received - joined).
resource "aws_cloudwatch_metric_alarm" "join_rate" {
  alarm_name          = "${var.name_prefix}cv-analytics-join-rate"
  alarm_description   = "Under 95 % of a day's questions have their answer. Look at the Worker; capture health in the report has the exact figures."
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 95
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]

  metric_query {
    id          = "rate"
    label       = "Join rate in per cent"
    expression  = "IF(received >= ${var.join_rate_minimum_messages} AND received > joined, 100 * joined / (received - joined), 100)"
    return_data = true
  }

  metric_query {
    id          = "joined"
    return_data = false

    metric {
      namespace   = "CVAnalytics"
      metric_name = "Joined"
      dimensions  = { Environment = var.environment }
      period      = 86400
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "received"
    return_data = false

    metric {
      namespace   = "CVAnalytics"
      metric_name = "Received"
      dimensions  = { Environment = var.environment }
      period      = 86400
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.name_prefix}cv-analytics"

  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title = "Messages", region = var.region, stat = "Sum", period = 3600, view = "timeSeries"
          metrics = [
            ["AWS/SQS", "NumberOfMessagesSent", "QueueName", var.queue_name],
            ["AWS/SQS", "NumberOfMessagesDeleted", "QueueName", var.queue_name],
            ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { stat = "Maximum", yAxis = "right", label = "Oldest message, seconds" }],
          ]
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title = "Invocations", region = var.region, stat = "Sum", period = 3600, view = "timeSeries"
          metrics = [
            ["AWS/Lambda", "Invocations", "FunctionName", var.processor_name, { label = "Processor" }],
            ["AWS/Lambda", "Invocations", "FunctionName", var.reporter_name, { label = "Reporter" }],
            ["AWS/Lambda", "Duration", "FunctionName", var.processor_name, { stat = "p95", yAxis = "right", label = "Processor, p95 ms" }],
          ]
        }
      },
      {
        type = "metric", x = 0, y = 6, width = 12, height = 6
        properties = {
          title = "Read and write units", region = var.region, stat = "Sum", period = 3600, view = "timeSeries"
          metrics = [
            ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", var.query_events_table_name, { label = "Interim rows, write" }],
            ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", var.query_events_table_name, { label = "Interim rows, read" }],
            ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", var.analytics_table_name, { label = "Records, write" }],
            ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", var.analytics_table_name, { label = "Records, read" }],
            ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", var.analytics_table_name, "GlobalSecondaryIndexName", "week-index", { label = "Index, write" }],
            ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", var.analytics_table_name, "GlobalSecondaryIndexName", "week-index", { label = "Index, read" }],
          ]
        }
      },
      {
        type = "metric", x = 12, y = 6, width = 12, height = 6
        properties = {
          title = "Errors", region = var.region, stat = "Sum", period = 3600, view = "timeSeries"
          metrics = [
            ["AWS/Lambda", "Errors", "FunctionName", var.processor_name, { label = "Processor, errors" }],
            ["AWS/Lambda", "Throttles", "FunctionName", var.processor_name, { label = "Processor, throttles" }],
            ["AWS/Lambda", "Errors", "FunctionName", var.reporter_name, { label = "Reporter, errors" }],
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name, { stat = "Maximum", label = "Dead letters" }],
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.schedule_dead_letter_queue_name, { stat = "Maximum", label = "Schedule's dead letters" }],
            ["CVAnalytics", "Failed", "Environment", var.environment, { label = "Messages that come again" }],
          ]
        }
      },
      {
        type = "metric", x = 0, y = 12, width = 12, height = 6
        properties = {
          title = "Join rate in per cent, by day", region = var.region, stat = "Sum", period = 86400, view = "timeSeries"
          yAxis = { left = { min = 0 } }
          metrics = [
            [{ expression = "IF(received > joined, 100 * joined / (received - joined), 100)", label = "Join rate", id = "rate" }],
            ["CVAnalytics", "Joined", "Environment", var.environment, { id = "joined", visible = false }],
            ["CVAnalytics", "Received", "Environment", var.environment, { id = "received", visible = false }],
          ]
        }
      },
      {
        # Billing's metrics are only in this region.
        type = "metric", x = 12, y = 12, width = 12, height = 6
        properties = {
          title   = "Cost of the account so far this month", region = "us-east-1", stat = "Maximum", period = 21600, view = "singleValue"
          metrics = [["AWS/Billing", "EstimatedCharges", "Currency", "USD"]]
        }
      },
    ]
  })
}
