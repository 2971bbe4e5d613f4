output "topic_arn" {
  description = "What alarms are sent to."
  value       = aws_sns_topic.alerts.arn
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
