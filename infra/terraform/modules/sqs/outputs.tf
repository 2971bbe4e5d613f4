output "queue_url" {
  description = "The queue of events: the Worker's AWS_SQS_URL."
  value       = aws_sqs_queue.events.url
}

output "queue_arn" {
  description = "The queue of events."
  value       = aws_sqs_queue.events.arn
}

output "queue_name" {
  description = "The queue of events, as metrics name it."
  value       = aws_sqs_queue.events.name
}

output "dead_letter_queue_url" {
  description = "Where the processor sends what cannot be read."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}

output "dead_letter_queue_name" {
  description = "The dead-letter queue, as metrics name it."
  value       = aws_sqs_queue.dead_letters.name
}
