"""A prediction as people see it: the model's figures beside the server's, within 80 columns."""

from advisor.output.prediction import prediction_document
from advisor.output.renderers.text import render_text
from advisor.prediction import CpuPoint, Prediction, PredictionPoint


def test_model_and_server_stand_side_by_side() -> None:
    point = PredictionPoint(
        clients=64,
        predicted_per_s=18_000,
        measured_per_s=20_000,
        error_percent=-10,
        predicted_p50_ms=3.25,
        measured_p50_ms=3.1,
        predicted_p99_ms=5.25,
        measured_p99_ms=None,
        group_size=32,
        bottleneck="flush",
    )
    found = Prediction(
        engine="mysql",
        engine_version="9.7.4",
        commit="mysql-binary-log",
        log_sync_us=1640,
        append_sync_us=5500,
        cores=12,
        cpu=(CpuPoint(clients=1, us_per_txn=150.4), CpuPoint(clients=64, us_per_txn=99.6)),
        wake_us=50,
        notes=(),
        points=(point,),
    )
    assert render_text(prediction_document(found)) == (
        "MySQL 9.7.4, commits as mysql-binary-log\n"
        "sync: log 1.64 ms, binary log 5.5 ms\n"
        "CPU per transaction: 150 us with 1 client, 100 us with 64; 12 processors\n"
        "for capacity: --cpu-us-per-txn 1:150,64:100\n"
        "\n"
        "         commits/s  commits/s         p50 ms  p50 ms  p99 ms  p99 ms\n"
        "clients      model     server  error   model  server   model  server  binds\n"
        "---------------------------------------------------------------------------\n"
        "     64      18000      20000  -10 %    3.25     3.1    5.25       -  flush\n"
    )
