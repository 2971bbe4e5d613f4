# The queue of events, and where messages go that cannot be read.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  events_name = "${var.name_prefix}cv-analytics-events.fifo"
  # Named, not referred to: the two queues name each other.
  events_arn = "arn:${data.aws_partition.current.partition}:sqs:${var.region}:${data.aws_caller_identity.current.account_id}:${local.events_name}"
}

resource "aws_sqs_queue" "events" {
  #checkov:skip=CKV_AWS_27:SQS encrypts with a key of its own; a customer's key costs more a month than everything else here
  name                        = local.events_name
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup" # with the limit by group: high throughput, at the same price
  fifo_throughput_limit       = "perMessageGroupId"
  message_retention_seconds   = 345600 # 4 days
  receive_wait_time_seconds   = 20
  visibility_timeout_seconds  = 300 # more than six times the processor's limit
  sqs_managed_sse_enabled     = true
  max_message_size            = 262144

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 1000 # the most there is; the waits of the processor fill nearly 4 days
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SecureTransportOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.events.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sqs_queue" "dead_letters" {
  #checkov:skip=CKV_AWS_27:SQS encrypts with a key of its own; a customer's key costs more a month than everything else here
  name                        = "${var.name_prefix}cv-analytics-dlq.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  message_retention_seconds   = 1209600 # 14 days, the most there is
  sqs_managed_sse_enabled     = true
  max_message_size            = 262144

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.events_arn]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SecureTransportOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.dead_letters.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
