# One function and its log.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:logs hold no text of questions and no addresses; CloudWatch encrypts them with a key of its own
  #checkov:skip=CKV_AWS_338:how long logs are kept is a variable, since they are billed by size
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:traces are billed, and a function that calls two services has nothing to trace
  #checkov:skip=CKV_AWS_115:a new account has ten executions at once and none to reserve; the mapping bounds the processor
  #checkov:skip=CKV_AWS_116:the queue's dead-letter queue takes what the processor cannot do, and the schedule's own the rest
  #checkov:skip=CKV_AWS_117:the functions reach only public AWS endpoints; a private network needs a NAT that costs a hundred times more
  #checkov:skip=CKV_AWS_173:the variables are names of resources and mail addresses, no secret
  #checkov:skip=CKV_AWS_272:signing needs a profile of the account's own; the code's hash is checked by the release instead
  function_name = var.name
  description   = var.description
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.architecture]
  memory_size   = var.memory_mb
  timeout       = var.timeout_s
  role          = var.role_arn
  filename      = var.zip_file

  environment {
    variables = var.variables
  }

  lifecycle {
    # The first code comes from here, later code from infra/scripts/release-functions.sh. Lambda does not
    # tell which file a function was made from, so an imported one would be changed by its import. The
    # architecture goes with the code: changed from here, it would run what was built for the other one.
    ignore_changes = [filename, architectures]
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
