# The interim rows' table and the records' table.

locals {
  provisioned = var.table_billing == "Provisioned"
  units       = local.provisioned ? 5 : null
}

resource "aws_dynamodb_table" "query_events" {
  #checkov:skip=CKV_AWS_119:AWS's own key encrypts at no cost; a customer's key costs more a month than everything else here
  name                        = "${var.name_prefix}CV-Analytics-QueryEvents"
  billing_mode                = local.provisioned ? "PROVISIONED" : "PAY_PER_REQUEST"
  read_capacity               = local.units
  write_capacity              = local.units
  hash_key                    = "requestId"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "requestId"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "analytics" {
  #checkov:skip=CKV_AWS_119:AWS's own key encrypts at no cost; a customer's key costs more a month than everything else here
  name                        = "${var.name_prefix}CV-Analytics"
  table_class                 = var.table_class
  billing_mode                = local.provisioned ? "PROVISIONED" : "PAY_PER_REQUEST"
  read_capacity               = local.units
  write_capacity              = local.units
  hash_key                    = "requestId"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "requestId"
    type = "S"
  }

  attribute {
    name = "week"
    type = "S"
  }

  attribute {
    name = "timestamp"
    type = "N"
  }

  global_secondary_index {
    name            = "week-index"
    hash_key        = "week"
    range_key       = "timestamp"
    projection_type = "ALL"
    read_capacity   = local.units
    write_capacity  = local.units
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  lifecycle {
    prevent_destroy = true
  }
}
