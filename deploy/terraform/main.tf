# The service, a job, and what starts one or the other every day. docs/deploy.md says what each role is for.

data "google_project" "this" {}

locals {
  # Cloud Run gives a service this address before it exists, so that the service can be told.
  url = "https://onerow-${data.google_project.this.number}.${var.region}.run.app"

  leave = var.deletes ? ["--yes"] : []

  # The dates that changed, of all or of the last ones: for the service, and for the job.
  asked = { rule = var.rule, last = var.last, changed = true, fail_when_buffered = true }
  body  = { for key, value in local.asked : key => value if value != null }
  dates = var.last == null ? ["--changed"] : ["--last", tostring(var.last), "--changed"]
}

resource "google_project_service" "used" {
  for_each = toset([
    "bigquery.googleapis.com",
    "cloudscheduler.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
  ])
  service            = each.value
  disable_on_destroy = false
}

# Who runs, and who calls.

resource "google_service_account" "onerow" {
  account_id   = "onerow"
  display_name = "onerow: runs statements in BigQuery"
}

resource "google_service_account" "scheduler" {
  account_id   = "onerow-scheduler"
  display_name = "onerow: calls the service or starts the job"
}

# What onerow may do in BigQuery: run jobs, change the tables that the rules name, and write to the datasets
# that it was given.

resource "google_project_iam_member" "runs_queries" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.onerow.member
}

resource "google_bigquery_table_iam_member" "changes" {
  for_each   = var.tables
  project    = length(split(".", each.value)) == 3 ? split(".", each.value)[0] : var.project
  dataset_id = reverse(split(".", each.value))[1]
  table_id   = reverse(split(".", each.value))[0]
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.onerow.member
}

resource "google_bigquery_dataset_iam_member" "writes" {
  for_each   = var.datasets
  dataset_id = each.value
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.onerow.member
}

# INFORMATION_SCHEMA.PARTITIONS, which --changed asks, needs the right to list the dataset of each table.

locals {
  # The dataset of each table, with its project.
  homes = toset([
    for name in var.tables :
    join(".", slice(concat(length(split(".", name)) == 3 ? [] : [var.project], split(".", name)), 0, 2))
  ])
}

resource "google_bigquery_dataset_iam_member" "lists" {
  for_each   = local.homes
  project    = split(".", each.value)[0]
  dataset_id = split(".", each.value)[1]
  role       = "roles/bigquery.metadataViewer"
  member     = google_service_account.onerow.member
}

# The keys of the service. Their values do not belong into Terraform's state; add them by hand.

resource "google_secret_manager_secret" "apply_keys" {
  secret_id = "onerow-apply-keys"
  replication {
    auto {}
  }
  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_iam_member" "reads_keys" {
  secret_id = google_secret_manager_secret.apply_keys.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.onerow.member
}

resource "google_cloud_run_v2_service" "onerow" {
  name     = "onerow"
  location = var.region

  # onerow checks keys and tokens itself. Where Cloud Run checks the token too, it takes the signature
  # out, and onerow cannot.
  invoker_iam_disabled = !var.check_iam
  deletion_protection  = false

  template {
    service_account                  = google_service_account.onerow.email
    timeout                          = "1800s"
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    # One instance: the service refuses a second run of a rule and date, but knows its own runs only,
    # and so does the outbox on its disk.
    scaling {
      min_instance_count = 0
      max_instance_count = 1
    }

    containers {
      image = var.image
      args = concat(
        ["serve", "--listen", "0.0.0.0:8080", "--warehouse", var.warehouse],
        local.leave,
      )

      ports {
        container_port = 8080
      }

      env {
        name  = "ONEROW_OIDC_AUDIENCE"
        value = local.url
      }
      env {
        name  = "ONEROW_OIDC_APPLY"
        value = google_service_account.scheduler.email
      }
      env {
        name = "ONEROW_APPLY_KEYS"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.apply_keys.secret_id
            version = "latest"
          }
        }
      }

      resources {
        limits = { cpu = "1", memory = "512Mi" }
        # A run goes on after its caller has left; throttled, it would stand still.
        cpu_idle          = false
        startup_cpu_boost = true
      }

      startup_probe {
        http_get {
          path = "/readyz"
          port = 8080
        }
        period_seconds    = 3
        timeout_seconds   = 2
        failure_threshold = 20
      }
      liveness_probe {
        http_get {
          path = "/healthz"
          port = 8080
        }
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
      }
    }
  }

  depends_on = [
    google_project_service.used,
    google_secret_manager_secret_iam_member.reads_keys,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "calls" {
  count    = var.check_iam ? 1 : 0
  name     = google_cloud_run_v2_service.onerow.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

# The same work without a service: a job. It costs nothing while nobody starts it.

resource "google_cloud_run_v2_job" "daily" {
  name                = "onerow-daily"
  location            = var.region
  deletion_protection = false

  template {
    task_count  = 1
    parallelism = 1

    template {
      service_account = google_service_account.onerow.email
      # The two hours that a run waits for the streaming buffer, and an hour for itself.
      timeout     = "10800s"
      max_retries = 3

      containers {
        image = var.image
        args = concat(
          ["apply", var.rule, "--warehouse", var.warehouse, "--wait", "2h"],
          local.dates,
          local.leave,
        )
        resources {
          limits = { cpu = "1", memory = "512Mi" }
        }
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_cloud_run_v2_job_iam_member" "starts" {
  name     = google_cloud_run_v2_job.daily.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "daily" {
  name             = "onerow-${var.rule}-daily"
  region           = var.region
  schedule         = var.daily
  time_zone        = var.time_zone
  attempt_deadline = "1800s"

  # While rows are buffered the service answers 503; these attempts outlast the buffer. A job waits by
  # itself and is retried by Cloud Run.
  retry_config {
    retry_count          = 5
    min_backoff_duration = "1800s"
    max_backoff_duration = "3600s"
  }

  dynamic "http_target" {
    for_each = var.scheduled == "service" ? [1] : []
    content {
      uri         = "${google_cloud_run_v2_service.onerow.uri}/cleanup-duplicates"
      http_method = "POST"
      headers = merge(
        { "Content-Type" = "application/json" },
        var.check_iam ? { "X-API-Key" = var.scheduler_key } : {},
      )
      body = base64encode(jsonencode(local.body))
      oidc_token {
        service_account_email = google_service_account.scheduler.email
        audience              = local.url
      }
    }
  }

  dynamic "http_target" {
    for_each = var.scheduled == "jobs" ? [1] : []
    content {
      uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.daily.id}:run"
      http_method = "POST"
      oauth_token {
        service_account_email = google_service_account.scheduler.email
      }
    }
  }

  depends_on = [google_project_service.used]
}

# What was two passes is one: the daily ones are kept under their names, and the weekly ones removed.

moved {
  from = google_cloud_run_v2_job.pass["daily"]
  to   = google_cloud_run_v2_job.daily
}

moved {
  from = google_cloud_run_v2_job_iam_member.starts["daily"]
  to   = google_cloud_run_v2_job_iam_member.starts
}

moved {
  from = google_cloud_scheduler_job.pass["daily"]
  to   = google_cloud_scheduler_job.daily
}
