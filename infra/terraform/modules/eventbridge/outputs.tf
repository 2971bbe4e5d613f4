output "rule_arn" {
  description = "The schedule."
  value       = aws_cloudwatch_event_rule.schedule.arn
}

output "dead_letter_queue_name" {
  description = "Where the schedule's events go that reached nobody."
  value       = aws_sqs_queue.dead_letters.name
}
