variable "project" {
  description = "The project that holds everything, and that BigQuery jobs are billed to."
  type        = string
}

variable "region" {
  description = "Where the service, the job and the schedule live, such as us-west2."
  type        = string
}

variable "image" {
  description = "The container image: deploy/Dockerfile, built and pushed."
  type        = string
}

variable "rule" {
  description = "The rule to run, by its name in onerow.toml."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,62}$", var.rule))
    error_message = "A rule name has letters, digits, _ and -, and starts with a letter."
  }
}

variable "warehouse" {
  description = "The warehouse, by its name in onerow.toml."
  type        = string
  default     = "prod"
}

variable "tables" {
  description = "The tables that the rules name, and their staging tables, as dataset.table or project.dataset.table: onerow may change these and no other."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.tables : can(regex("^([a-z][a-z0-9-]*\\.)?[A-Za-z0-9_]+\\.[^.*`]+$", name))])
    error_message = "Each is dataset.table or project.dataset.table; a dataset of date-sharded tables (events_*) belongs into datasets."
  }
}

variable "datasets" {
  description = "The datasets that onerow may write to as a whole: that of the ledger and the removal log, which the first run creates, and those of date-sharded tables."
  type        = set(string)
}

variable "time_zone" {
  description = "The rule's time zone."
  type        = string
}

variable "daily" {
  description = "When the pass starts, as a cron line in the time zone."
  type        = string
  default     = "30 10 * * *"
}

variable "last" {
  description = "Of the last so many dates up to yesterday only, those that changed; null: of all dates. Needed where each date is a table of its own, and where the table is not partitioned by the rule's dates."
  type        = number
  default     = null

  validation {
    condition     = var.last == null ? true : var.last >= 1 && floor(var.last) == var.last
    error_message = "A whole number, 1 or more."
  }
}

variable "scheduled" {
  description = "What Cloud Scheduler starts: the service, or (jobs) the Cloud Run job."
  type        = string
  default     = "service"

  validation {
    condition     = contains(["service", "jobs"], var.scheduled)
    error_message = "Either service or jobs."
  }
}

variable "deletes" {
  description = "Whether the rule's strategy deletes rows; then onerow needs leave to, with --yes."
  type        = bool
  default     = false
}

variable "check_iam" {
  description = "Whether Cloud Run checks callers too. It then takes the signature out of their tokens, so that onerow needs scheduler_key to know Cloud Scheduler."
  type        = bool
  default     = false
}

variable "scheduler_key" {
  description = "With check_iam: one of the service's keys, for Cloud Scheduler. It is kept in Terraform's state and in the scheduled job."
  type        = string
  default     = null
  sensitive   = true
}
