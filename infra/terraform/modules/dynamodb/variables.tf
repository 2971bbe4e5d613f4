variable "name_prefix" {
  description = "Comes before every name."
  type        = string
}

variable "table_billing" {
  description = "`OnDemand`, or `Provisioned` with 5 reads and 5 writes a second for each table and the index."
  type        = string
}

variable "table_class" {
  description = "The class of the records' table: `STANDARD` or `STANDARD_INFREQUENT_ACCESS`."
  type        = string
}

variable "point_in_time_recovery" {
  description = "Keeps 35 days of continuous backups."
  type        = bool
}

variable "deletion_protection" {
  description = "Refuses to delete the tables until it is switched off."
  type        = bool
}
