"""What the server of processes imports, so that none of them has to."""

import sklearn.cluster
import sklearn.ensemble
import sklearn.linear_model  # noqa: F401

import crm_analytics.cli
import crm_analytics.engines.duckdb
import crm_analytics.pipeline.evaluation
import crm_analytics.pipeline.loading
import crm_analytics.pipeline.planning
import crm_analytics.pipeline.reporting
import crm_analytics.pipeline.scoring
import crm_analytics.project  # noqa: F401
