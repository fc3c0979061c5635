"""What the transfer and pretraining experiments measure beside the measurements of all fine-tuning."""

from __future__ import annotations

from ftproofs.names.kinds import Measurement

_SOURCE = (("source_norm", 1),)
_RISK = (("target_norm", 2),)
_SMALL = (("init_scale", 1),)

#: Singular values that experiments offer.
COUNT = 3

TRANSFERRED: tuple[Measurement, ...] = (
    Measurement("scratch_risk", "risk of training on the same target data from scratch", r"R_{\mathrm{sc}}", _RISK),
    Measurement(
        "transfer_gain",
        "scratch_risk minus risk, on the same target data: positive where transfer helps; of diagonal networks "
        "scratch_mse minus mse, of scale 1",
        r"\mathcal{T}",
        _RISK,
        "real",
    ),
    Measurement("start_norm", "norm of the pretrained predictor", r"\lVert\hat\theta_S\rVert", _SOURCE, "positive"),
    Measurement(
        "start_product",
        "product of the pretrained predictor with the target",
        r"\langle\hat\theta_S,\theta_T\rangle",
        (("source_norm", 1), ("target_norm", 1)),
        "real",
    ),
    Measurement(
        "feature_norm",
        "spectral norm of the features, the product of all pretrained layers but the last",
        r"\lVert W_1\cdots W_{L-1}\rVert",
    ),
    Measurement("feature_ratio", "second over first singular value of the features", r"\sigma_2/\sigma_1"),
    Measurement(
        "feature_alignment",
        "length of the pretrained predictor's direction along the features' first left singular vector",
        r"|\cos\angle(u_1,\hat\theta_S)|",
    ),
    Measurement("readout_norm", "norm of the pretrained last layer", r"\lVert W_L\rVert"),
    *(
        Measurement(
            f"singular_value_{k}",
            f"singular value {k} of the pretrained first layer, 0 beyond its rank",
            rf"\sigma_{k}(W_1)",
            _SMALL if k > 1 else (),
        )
        for k in range(1, COUNT + 1)
    ),
    *(
        Measurement(
            f"conserved_value_{k}",
            f"L = 2: square root of eigenvalue {k} of D(0) + W_2 W_2', with the pretrained readout W_2 and "
            "D = W_1'W_1 - W_2W_2' at the start",
            rf"\sqrt{{\lambda_{k}(D(0)+W_2W_2^\top)}}",
            _SMALL if k > 1 else (),
        )
        for k in range(1, COUNT + 1)
    ),
    Measurement(
        "spurious_value",
        "L = 2: largest singular value of W_1 Q, Q projecting off the pretrained readout",
        r"\lVert W_1Q\rVert",
        _SMALL,
    ),
    Measurement(
        "conserved_spurious_value",
        "L = 2: square root of the largest eigenvalue of Q D(0) Q",
        r"\sqrt{\lambda_1(QD(0)Q)}",
        _SMALL,
    ),
    Measurement(
        "readout_form",
        "L = 2: W_2' D(0) W_2 with the pretrained readout W_2 and D = W_1'W_1 - W_2W_2' at the start",
        r"W_2^\top D(0)W_2",
        (("source_norm", 2),),
        "real",
    ),
    Measurement(
        "feature_gap",
        "L = 2: distance of W_1 W_2/|W_2| from theta_S/|W_2|",
        r"\lVert W_1\hat v-\theta_S/\lVert W_2\rVert\rVert",
    ),
    Measurement(
        "imbalance_trace",
        "at the start of pretraining, squared norm of the first layer minus that of the second",
        r"\operatorname{tr}D(0)",
        _SOURCE,
        "real",
    ),
    Measurement(
        "conservation_gap",
        "largest change of W_j'W_j - W_{j+1}W_{j+1}' in pretraining",
        r"\max_j\lVert D_j-D_j(0)\rVert",
    ),
    Measurement(
        "pretrain_gap",
        "distance of the pretrained predictor from the source teacher",
        r"\lVert W_1\cdots W_L-\theta_S\rVert",
        _SOURCE,
    ),
    Measurement(
        "along_source",
        "length of the trained predictor along the pretrained one",
        r"\langle\beta,\hat\theta_S/\lVert\hat\theta_S\rVert\rangle",
        (("target_norm", 1),),
        "real",
    ),
    Measurement(
        "excess_risk",
        "risk that the best multiple of the pretrained predictor does not have",
        r"\langle\beta-\theta_T,\hat\theta_S/\lVert\hat\theta_S\rVert\rangle^2",
        (("target_norm", 2),),
    ),
    Measurement(
        "feature_energy",
        "squared norm of z = X u, u the pretrained predictor's direction, over n",
        r"\lVert z\rVert^2/n",
    ),
    Measurement("feature_product", "z'y over n", r"z^\top y/n", (("target_norm", 1),), "real"),
    Measurement(
        "ridge_gap",
        "norm of the penalised training loss's gradient at the end",
        r"\lVert\nabla\ell_\lambda\rVert",
        (("target_norm", 1),),
    ),
)
