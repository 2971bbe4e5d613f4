output "name" {
  description = "The function's name."
  value       = module.function.name
}

output "arn" {
  description = "The function."
  value       = module.function.arn
}

output "rule_arn" {
  description = "The schedule."
  value       = module.eventbridge.rule_arn
}
