# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""The jobs, a function each. Made by tools/python_jobs from the engine's own tables.

All take `progress` (True: a tqdm bar, False: none, None: one in a terminal or a notebook) and `listener`, an object of
varphase.Listener that hears of the job in place of the bar. All raise VarphaseError, of the kinds in varphase.errors,
before anything is written where arguments or files do not fit. Results are what the program prints with --json.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from varphase._call import call
from varphase.listener import Listener

Text = str | os.PathLike[str] | int | float
Texts = Text | Sequence[Text]

__all__ = ["attack", "check", "describe_data", "evaluate", "export", "finetune", "import_", "inspect", "kappa",
           "predict", "prune", "report", "shift", "sweep", "train", "transition"]


def train(
    run: Text = "",
    *,
    preset: Text = "",
    config: Text = "",
    network: Text = "",
    set: Texts | Mapping[str, Any] = (),
    init: Text = "",
    initial_log_alpha: float | None = None,
    members: int | None = None,
    side_by_side: int = 1,
    resume: bool = False,
    accept_changed_data: bool = False,
    overwrite: bool = False,
    device: Text = "auto",
    threads: int = 0,
    data: Text | None = None,
    validation: float | None = None,
    train_limit: int | None = None,
    test_limit: int | None = None,
    labels: Text | None = None,
    skip_damaged: bool | None = None,
    normalize: Text | None = None,
    pixel_mean: Any = None,
    pixel_std: Any = None,
    class_names: Any = None,
    convert: Text | None = None,
    resize: Text | None = None,
    hdf5_images: Text | None = None,
    hdf5_labels: Text | None = None,
    pixel_range: Text | None = None,
    max_unpacked_bytes: int | None = None,
    max_image_pixels: int | None = None,
    max_jpeg_scans: int | None = None,
    epochs: int | None = None,
    extension: Text | None = None,
    batch_size: int | None = None,
    optimizer: Text | None = None,
    learning_rate: float | None = None,
    schedule: Text | None = None,
    step_size: int | None = None,
    gamma: float | None = None,
    weight_decay: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    epsilon: float | None = None,
    momentum: float | None = None,
    nesterov: bool | None = None,
    log_alpha_rate: float | None = None,
    log_alpha_hold: float | None = None,
    log_alpha_max: float | None = None,
    kl_weight: float | None = None,
    kl_warmup: int | None = None,
    kl_start: int | None = None,
    samples: int | None = None,
    seed: int | None = None,
    every: int | None = None,
    evaluate_every: int | None = None,
    kappa_every: int | None = None,
    keep_optimizer: int | None = None,
    deterministic: bool | None = None,
    precision: Text | None = None,
    reduction: Text | None = None,
    augment: Text | None = None,
    crop_padding: int | None = None,
    prune_sparsity: float | None = None,
    prune_begin: int | None = None,
    prune_end: int | None = None,
    prune_every: int | None = None,
    prune_criterion: Text | None = None,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Trains a variance network, keeping every epoch.

    Args:
        run: the run folder to make or to resume
        preset: a configuration that comes with the program: lenet300, lenet5-additive, lenet5-all, lenet5-dropout,
            lenet5-neuron, lenet5-relu, lenet5-student-t, lenet5-weight, lenet5-zero-centred, lenet5, quickstart,
            toy, vgg-dropout, vgg
        config: a configuration file (JSON), such as a run's config.json
        network: a network spec (JSON) of your own
        set: name=value of the configuration, such as train.epochs=3
        init: begin with the weights of this run, RUN@EPOCH or checkpoint; a plain layer's become the means of the
            variance layer at its place
        initial_log_alpha: first log alpha of all variance layers, in place of the network's (and of --init's)
        members: train so many networks into RUN/members/NN, with seed, seed + 1, ...
        side_by_side: members that a GPU trains at once; results do not depend on it
        resume: go on from the newest checkpoint, bit for bit; of members: whichever is not done
        accept_changed_data: of --resume: go on although the images are not those that were trained on
        overwrite: replace a run that is there
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
        data: a folder of IDX, CIFAR or .npy files or of images, an HDF5 or .npz file, or mnist, fashion-mnist,
            cifar-10, cifar-100, cifar-100-coarse, synthetic-digits, four-gaussians [data.data, "fashion-mnist"]
        validation: share of the training images held out to choose thresholds on [data.validation, 0.0]
        train_limit: use the first so many training images; 0: all (images) [data.train_limit, 0]
        test_limit: use the first so many test images; 0: all (images) [data.test_limit, 0]
        labels: of CIFAR-100: the 100 fine or the 20 coarse classes: one of fine, coarse [data.labels, "fine"]
        skip_damaged: leave images of an image folder out that are damaged, unsupported or not there, instead of
            stopping [data.skip_damaged, false]
        normalize: none: pixel / 255; standard: less the training images' mean by channel, over their standard
            deviation: one of none, standard [data.normalize, "none"]
        pixel_mean: of normalize=standard, a list by channel; empty: measured, and recorded in the run's config
            [data.pixel_mean]
        pixel_std: likewise [data.pixel_std]
        class_names: by class number, a list such as '["cat", "dog"]'; empty: those that the data have, recorded in
            the run's config [data.class_names]
        convert: make images grey (ITU-R 601 luma) or rgb (three equal channels of a grey one): one of none, grey,
            rgb [data.convert, "none"]
        resize: bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, antialiased, as Pillow's
            BILINEAR; none: as they are [data.resize, "none"]
        hdf5_images: the images' array in an HDF5 or NumPy file: its name in train/ and test/, or TRAIN,TEST, or of
            all images; empty: the usual names [data.hdf5_images]
        hdf5_labels: likewise the labels' array [data.hdf5_labels]
        pixel_range: of float32 images in an HDF5 or NumPy file: what black and white are; none: they are bytes, or
            the dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255 [data.pixel_range, "none"]
        max_unpacked_bytes: most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, or 64 times its own
            size where that is more (bytes) [data.max_unpacked_bytes, 0]
        max_image_pixels: larger JPEG and PNG files are unsupported (pixels) [data.max_image_pixels, 67108864]
        max_jpeg_scans: progressive JPEGs of more scans are unsupported; above 2^24 pixels as many fewer (scans)
            [data.max_jpeg_scans, 64]
        epochs: passes over the training images (epochs) [train.epochs, 200]
        extension: schedules of a run that --resume --epochs makes longer; replan: those of a run of so many epochs
            from the start; constant: the rates of the last epoch planned before are held: one of replan, constant
            [train.extension, "replan"]
        batch_size: images in a step; a rest that fills none is left out of its epoch, and batch_norm wants 2 where
            its layer has one place (images) [train.batch_size, 200]
        optimizer: what makes a step of a gradient: one of adam, sgd [train.optimizer, "adam"]
        learning_rate: learning rate of the first epoch [train.learning_rate, 0.001]
        schedule: how the learning rate falls over the epochs; linear and cosine end at 0: one of linear, constant,
            step, cosine [train.schedule, "linear"]
        step_size: schedule step: epochs from one fall to the next (epochs) [train.step_size, 30]
        gamma: schedule step: factor of each fall [train.gamma, 0.1]
        weight_decay: share of each weight added to its gradient (L2; never log alpha) [train.weight_decay, 0.0]
        beta1: Adam's decay of the mean gradient [train.beta1, 0.9]
        beta2: Adam's decay of the mean square [train.beta2, 0.999]
        epsilon: Adam's epsilon [train.epsilon, 1e-08]
        momentum: SGD's share of the last step in the next [train.momentum, 0.9]
        nesterov: SGD looks ahead (Nesterov's momentum) [train.nesterov, false]
        log_alpha_rate: learning rate of log alpha as a multiple of learning_rate [train.log_alpha_rate, 1.0]
        log_alpha_hold: share of the epochs for which log alpha's learning rate is held before its schedule begins
            [train.log_alpha_hold, 0.0]
        log_alpha_max: largest log alpha: brought back after each step (layers that train log alpha)
            [train.log_alpha_max, 20.0]
        kl_weight: weight of the KL term in the loss [train.kl_weight, 1.0]
        kl_warmup: epochs over which the weight of the KL term rises from 0 (epochs) [train.kl_warmup, 0]
        kl_start: epochs without the KL term before its weight begins to rise (epochs) [train.kl_start, 0]
        samples: members of the ensemble of an epoch's evaluation [train.samples, 10]
        seed: of initial values, order and noise [train.seed, 1]
        every: write a checkpoint every so many epochs, and the last (epochs) [train.every, 1]
        evaluate_every: evaluate every so many epochs, and the last; those between are trained and saved alike,
            without accuracies (epochs) [train.evaluate_every, 1]
        kappa_every: make the kappa map of every so many epochs' checkpoints, and of the last one, as `kappa` would;
            0: none (epochs) [train.kappa_every, 0]
        keep_optimizer: keep optimizer state, for a resume, in so many newest checkpoints [train.keep_optimizer, 1]
        deterministic: the same bits run after run on one device [train.deterministic, true]
        precision: products and convolutions of training (evaluation and curvature are float32); bf16 keeps weights,
            batch norm's statistics and sampling in float32: one of float32, tf32, bf16 [train.precision, "tf32"]
        reduction: type in which several ranks add their gradients up; bf16 halves what they send, and rounds to 8
            bits: one of float32, bf16 [train.reduction, "float32"]
        augment: none, or crop-flip: training images are padded with black, cut back at a random place and mirrored
            half of the time: one of none, crop-flip [train.augment, "none"]
        crop_padding: of crop-flip, on every side (pixels) [train.crop_padding, 4]
        prune_sparsity: share of each variance layer's weights that is dropped on the way, more and more after each
            epoch; 0: none [train.prune_sparsity, 0.0]
        prune_begin: epochs before weights begin to go (epochs) [train.prune_begin, 0]
        prune_end: epoch after which all of prune_sparsity is gone; 0: the last (epochs) [train.prune_end, 0]
        prune_every: drop weights every so many epochs (epochs) [train.prune_every, 1]
        prune_criterion: the weights with the least of it go: one of variance-share, variance, sigma2, magnitude
            [train.prune_criterion, "variance-share"]
    """
    return call("train", dict(locals()))


def finetune(
    pruned: Text = "",
    run: Text = "",
    *,
    parameterization: Text = "",
    set: Texts | Mapping[str, Any] = (),
    resume: bool = False,
    accept_changed_data: bool = False,
    overwrite: bool = False,
    data: Text = "",
    device: Text = "auto",
    threads: int = 0,
    epochs: int | None = None,
    extension: Text | None = None,
    batch_size: int | None = None,
    optimizer: Text | None = None,
    learning_rate: float | None = None,
    schedule: Text | None = None,
    step_size: int | None = None,
    gamma: float | None = None,
    weight_decay: float | None = None,
    beta1: float | None = None,
    beta2: float | None = None,
    epsilon: float | None = None,
    momentum: float | None = None,
    nesterov: bool | None = None,
    log_alpha_rate: float | None = None,
    log_alpha_hold: float | None = None,
    log_alpha_max: float | None = None,
    kl_weight: float | None = None,
    kl_warmup: int | None = None,
    kl_start: int | None = None,
    samples: int | None = None,
    seed: int | None = None,
    every: int | None = None,
    evaluate_every: int | None = None,
    kappa_every: int | None = None,
    keep_optimizer: int | None = None,
    deterministic: bool | None = None,
    precision: Text | None = None,
    reduction: Text | None = None,
    augment: Text | None = None,
    crop_padding: int | None = None,
    prune_sparsity: float | None = None,
    prune_begin: int | None = None,
    prune_end: int | None = None,
    prune_every: int | None = None,
    prune_criterion: Text | None = None,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Trains a pruned network on: what was dropped stays dropped.

    Args:
        pruned: a pruned file; not with --resume
        run: the run folder to make or to resume
        parameterization: of the pruned layers, where their own cannot give the file's variances
        set: name=value of the configuration, such as train.epochs=3
        resume: go on from the newest checkpoint, bit for bit
        accept_changed_data: of --resume: go on although the images are not those that were trained on
        overwrite: replace a run that is there
        data: images, where they are not those of the run's config
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
        epochs: passes over the training images (epochs) [train.epochs, 200]
        extension: schedules of a run that --resume --epochs makes longer; replan: those of a run of so many epochs
            from the start; constant: the rates of the last epoch planned before are held: one of replan, constant
            [train.extension, "replan"]
        batch_size: images in a step; a rest that fills none is left out of its epoch, and batch_norm wants 2 where
            its layer has one place (images) [train.batch_size, 200]
        optimizer: what makes a step of a gradient: one of adam, sgd [train.optimizer, "adam"]
        learning_rate: learning rate of the first epoch [train.learning_rate, 0.001]
        schedule: how the learning rate falls over the epochs; linear and cosine end at 0: one of linear, constant,
            step, cosine [train.schedule, "linear"]
        step_size: schedule step: epochs from one fall to the next (epochs) [train.step_size, 30]
        gamma: schedule step: factor of each fall [train.gamma, 0.1]
        weight_decay: share of each weight added to its gradient (L2; never log alpha) [train.weight_decay, 0.0]
        beta1: Adam's decay of the mean gradient [train.beta1, 0.9]
        beta2: Adam's decay of the mean square [train.beta2, 0.999]
        epsilon: Adam's epsilon [train.epsilon, 1e-08]
        momentum: SGD's share of the last step in the next [train.momentum, 0.9]
        nesterov: SGD looks ahead (Nesterov's momentum) [train.nesterov, false]
        log_alpha_rate: learning rate of log alpha as a multiple of learning_rate [train.log_alpha_rate, 1.0]
        log_alpha_hold: share of the epochs for which log alpha's learning rate is held before its schedule begins
            [train.log_alpha_hold, 0.0]
        log_alpha_max: largest log alpha: brought back after each step (layers that train log alpha)
            [train.log_alpha_max, 20.0]
        kl_weight: weight of the KL term in the loss [train.kl_weight, 1.0]
        kl_warmup: epochs over which the weight of the KL term rises from 0 (epochs) [train.kl_warmup, 0]
        kl_start: epochs without the KL term before its weight begins to rise (epochs) [train.kl_start, 0]
        samples: members of the ensemble of an epoch's evaluation [train.samples, 10]
        seed: of initial values, order and noise [train.seed, 1]
        every: write a checkpoint every so many epochs, and the last (epochs) [train.every, 1]
        evaluate_every: evaluate every so many epochs, and the last; those between are trained and saved alike,
            without accuracies (epochs) [train.evaluate_every, 1]
        kappa_every: make the kappa map of every so many epochs' checkpoints, and of the last one, as `kappa` would;
            0: none (epochs) [train.kappa_every, 0]
        keep_optimizer: keep optimizer state, for a resume, in so many newest checkpoints [train.keep_optimizer, 1]
        deterministic: the same bits run after run on one device [train.deterministic, true]
        precision: products and convolutions of training (evaluation and curvature are float32); bf16 keeps weights,
            batch norm's statistics and sampling in float32: one of float32, tf32, bf16 [train.precision, "tf32"]
        reduction: type in which several ranks add their gradients up; bf16 halves what they send, and rounds to 8
            bits: one of float32, bf16 [train.reduction, "float32"]
        augment: none, or crop-flip: training images are padded with black, cut back at a random place and mirrored
            half of the time: one of none, crop-flip [train.augment, "none"]
        crop_padding: of crop-flip, on every side (pixels) [train.crop_padding, 4]
        prune_sparsity: share of each variance layer's weights that is dropped on the way, more and more after each
            epoch; 0: none [train.prune_sparsity, 0.0]
        prune_begin: epochs before weights begin to go (epochs) [train.prune_begin, 0]
        prune_end: epoch after which all of prune_sparsity is gone; 0: the last (epochs) [train.prune_end, 0]
        prune_every: drop weights every so many epochs (epochs) [train.prune_every, 1]
        prune_criterion: the weights with the least of it go: one of variance-share, variance, sigma2, magnitude
            [train.prune_criterion, "variance-share"]
    """
    return call("finetune", dict(locals()))


def kappa(
    run: Text = "",
    *,
    epoch: Text = "all",
    layer: Texts = (),
    method: Text = "exact",
    samples: int = 4,
    max_seconds: float = 0.0,
    all_quantities: bool = False,
    by: Text = "none",
    top: int = 10,
    smooth: Text = "auto",
    verify: int = 0,
    split: Text = "train",
    kappa0: Text = "10^1.5",
    data: Text = "",
    data_pixel_range: Text = "none",
    device: Text = "auto",
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Makes exact kappa maps and histograms of a run's checkpoints.

    Args:
        run: a run folder, RUN@EPOCH, or a checkpoint file
        epoch: all, last, best, an epoch, or several with commas: 1,5,10
        layer: layers by name, with commas between [the variance layers]; all: every layer with weights
        method: exact; ggn: the Gauss-Newton diagonal; estimate: exact but for residuals of layers further up, which
            enter by random signs, with a standard error: one of exact, ggn, estimate
        samples: of --method estimate, an image
        max_seconds: that an epoch may take: more is refused before it starts; estimate takes as many samples as
            fit; 0: any (s)
        all_quantities: keep gradient, empirical Fisher and Gauss-Newton diagonal beside the Hessian's
        by: class: a map of each class's images alone, and their sum; image: beside the map the images that add most
            to the weights of largest |kappa|: one of none, class, image
        top: of --by image: weights of each layer
        smooth: how kinks of activations are smoothed: auto (by softplus where a layer of the closed form has one
            behind it), none, softplus[:BETA]
        verify: compare so many entries with a float64 double backward
        split: images of the sum: train, validation, test
        kappa0: threshold of the printed count: 10^1.5, 31.6 or log:1.5
        data: images, where they are not those of the run's config; also the HDF5 file of `attack --save`
        data_pixel_range: of float32 images of --data: what black and white are; none: they are bytes, or the
            dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
    """
    return call("kappa", dict(locals()))


def transition(
    runs: Texts = (),
    *,
    kappa0: Text = "10^1.5",
    onset_count: int = 0,
    onset_share: float = 0.0,
    drop_points: float = 0.5,
    gap: float = 5.0,
    maps: Text = "",
    out: Text = "",
    overwrite: bool = False,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Says when the transition happens: weights over kappa_0, accuracies and log alpha by epoch.

    Args:
        runs: run folders, side by side in one table; a run of several members stands for all of them
        kappa0: threshold: 10^1.5, 31.6 or log:1.5
        onset_count: onset: more weights over kappa_0 than this
        onset_share: and than this share of the weights
        drop_points: drop: deterministic accuracy so many points (and two standard errors) under the ensemble's of
            the same epoch, for good
        gap: gap: ensemble more than so many points over the deterministic accuracy, for good
        maps: kappa maps that are counted: own (those of kappa/ itself) or a folder below kappa/, such as
            smooth-none [exact ones of training images, of most layers, then of most epochs]
        out: also write the table of all runs, a line a run: as CSV where the name ends in .csv, else as JSON
        overwrite: replace a file that --out names
    """
    return call("transition", dict(locals()))


def sweep(
    runs: Texts = (),
    *,
    epoch: Text = "last",
    criteria: Texts = (),
    thresholds: Texts = (),
    sparsities: float | Sequence[float] = (),
    replace: Text = "",
    layer: Texts = (),
    scope: Text = "layer",
    repair: Text = "none",
    smooth: Text = "auto",
    choose: Text = "",
    split: Text = "",
    samples: int = 50,
    seed: int = 1,
    data: Text = "",
    device: Text = "auto",
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Finds accuracy, NLL and sparsity for every threshold and rule, or every criterion.

    Args:
        runs: a run folder, RUN@EPOCH, a checkpoint or a pruned file; several, or a run of several members: the mean
            over them
        epoch: last, best, or an epoch
        criteria: compare criteria at equal sparsity, with commas between, or all: kappa, kappa-signed,
            kappa-negative, hessian, sigma2, magnitude, snr, log-alpha, variance, variance-share, obd, taylor-mean,
            taylor-zero, random
        thresholds: kappa_0, with commas between: 10^0.5,10,10^1.5, or 31.6 or log:1.5 [10^-6 to 10^4 by 10^0.25,
            without --criteria and --sparsities]
        sparsities: shares to drop, with commas between: 0.9,0.95 [with --criteria: 0.5 to 0.999 in 8 steps]
        replace: mean or zero alone [both]
        layer: the variance layers, with commas between: conv1,dense1 [all of the network]
        scope: what a sparsity is a share of: layer (of each) or global (of all together, on one scale of scores)
        repair: none, batch-norm (statistics of the batch norms behind re-estimated), variance (kept variances
            scaled to their output's former sum), both
        smooth: as kappa has it: a map that is there so is taken, else made
        choose: pick the sparsest row: drop<=POINTS of accuracy lost
        split: images: validation, test, train [validation where the run has one, else test]
        samples: members of the ensemble
        seed: of the evaluation noise and of random scores
        data: images, where they are not those of the run's config
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
    """
    return call("sweep", dict(locals()))


def prune(
    run: Text = "",
    *,
    epoch: Text = "last",
    threshold: Text = "",
    sparsity: float | None = None,
    budget: Texts = (),
    choose: Text = "",
    criterion: Text = "kappa",
    replace: Text = "",
    structure: Text = "none",
    layer: Texts = (),
    scope: Text = "layer",
    repair: Text = "none",
    smooth: Text = "auto",
    samples: int = 50,
    seed: int = 1,
    out: Text = "",
    overwrite: bool = False,
    data: Text = "",
    device: Text = "auto",
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Writes a sparse ensemble: the weights of lowest score replaced by their mean or by zero.

    Args:
        run: a run folder, RUN@EPOCH, a checkpoint, or a pruned file to prune further
        epoch: last, best, or an epoch
        threshold: on the scores; of kappa kappa_0: 10^1.5, 31.6 or log:1.5
        sparsity: share of the weights to drop
        budget: share of each layer's weights to drop, with commas between: dense1=0.98,conv3=0.9
        choose: the sparsest cut on the validation images with drop<=POINTS
        criterion: what weights are scored by: one of kappa, kappa-signed, kappa-negative, hessian, sigma2,
            magnitude, snr, log-alpha, variance, variance-share, obd, taylor-mean, taylor-zero, random
        replace: what a dropped weight becomes: mean or zero [zero]
        structure: none; compact: dead units and channels are taken out of the network; neurons: whole ones go, by
            summed score, and are taken out
        layer: the variance layers, with commas between: conv1,dense1 [all of the network]
        scope: what a sparsity is a share of: layer (of each) or global (of all together, on one scale of scores)
        repair: none, batch-norm (statistics of the batch norms behind re-estimated), variance (kept variances
            scaled to their output's former sum), both
        smooth: as kappa has it: a map that is there so is taken, else made
        samples: members of the ensemble, with --choose
        seed: of noise and of random scores
        out: the file [RUN/pruned/NAME.h5]
        overwrite: replace a file that is there
        data: images, where they are not those of the run's config
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
    """
    return call("prune", dict(locals()))


def evaluate(
    paths: Texts = (),
    *,
    together: bool = False,
    epoch: Text = "last",
    samples: int = 50,
    seed: int = 1,
    split: Text = "test",
    out: Text = "",
    overwrite: bool = False,
    form: Text = "auto",
    data: Text = "",
    data_pixel_range: Text = "none",
    metrics: Texts = (),
    resamples: int = 1000,
    against: Text = "",
    ood: Texts = (),
    set: Texts | Mapping[str, Any] = (),
    device: Text = "auto",
    threads: int = 0,
    convert: Text | None = None,
    resize: Text | None = None,
    hdf5_images: Text | None = None,
    hdf5_labels: Text | None = None,
    pixel_range: Text | None = None,
    max_unpacked_bytes: int | None = None,
    max_image_pixels: int | None = None,
    max_jpeg_scans: int | None = None,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Accuracy and NLL of full and pruned networks, side by side.

    Args:
        paths: runs, RUN@EPOCH, checkpoints, pruned files; a run of several members stands for all of them
        together: also the networks' predictions averaged: an ensemble of networks
        epoch: of run folders: last, best, or an epoch
        samples: members of the ensemble
        seed: of the evaluation noise
        split: images: one of test, validation, train
        out: also write the result as JSON, or the table of networks as CSV where the name ends in .csv
            [RUN/evaluations/NAME.json for files in RUN/pruned; NAME_metrics.json with --metrics or --ood]
        overwrite: replace a file that --out names
        form: how pruned layers are computed: auto (whichever is the fastest), dense, csr or compact; a given form
            gives the same bits at every run
        data: images, where they are not those of the run's config; also the HDF5 file of `attack --save`
        data_pixel_range: of float32 images of --data: what black and white are; none: they are bytes, or the
            dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255
        metrics: tables of metrics: all, or some of cls (classification), cal (calibration), sc (selective
            prediction), ood
        resamples: of the images, for the 95 % intervals of --metrics; 0: no intervals
        against: the network that the others are compared with in --metrics, way of prediction by way of prediction:
            its name in the table or its number, from 1 [all with the table's first prediction]
        ood: another data set, whose images are to be told from the network's own by how unsure it is of them: a
            name, a folder or file; again for more
        set: data.field=value of how the files of --ood are read, where not as the run had it
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
        convert: make images grey (ITU-R 601 luma) or rgb (three equal channels of a grey one): one of none, grey,
            rgb [data.convert, "none"]
        resize: bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, antialiased, as Pillow's
            BILINEAR; none: as they are [data.resize, "none"]
        hdf5_images: the images' array in an HDF5 or NumPy file: its name in train/ and test/, or TRAIN,TEST, or of
            all images; empty: the usual names [data.hdf5_images]
        hdf5_labels: likewise the labels' array [data.hdf5_labels]
        pixel_range: of float32 images in an HDF5 or NumPy file: what black and white are; none: they are bytes, or
            the dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255 [data.pixel_range, "none"]
        max_unpacked_bytes: most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, or 64 times its own
            size where that is more (bytes) [data.max_unpacked_bytes, 0]
        max_image_pixels: larger JPEG and PNG files are unsupported (pixels) [data.max_image_pixels, 67108864]
        max_jpeg_scans: progressive JPEGs of more scans are unsupported; above 2^24 pixels as many fewer (scans)
            [data.max_jpeg_scans, 64]
    """
    return call("evaluate", dict(locals()))


def shift(
    paths: Texts = (),
    *,
    corruptions: Texts = (),
    epoch: Text = "last",
    samples: int = 50,
    seed: int = 1,
    split: Text = "test",
    images: int = 0,
    out: Text = "",
    overwrite: bool = False,
    form: Text = "auto",
    data: Text = "",
    data_pixel_range: Text = "none",
    device: Text = "auto",
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """How networks fare as images get worse: by kind and strength of the corruption.

    Args:
        paths: runs, RUN@EPOCH, checkpoints, pruned files; a run of several members stands for all of them
        corruptions: what is done to the images [all of them]: one of gaussian-noise, shot-noise, gaussian-blur,
            rotation, translation, contrast, brightness, pixelation
        epoch: of run folders: last, best, or an epoch
        samples: members of the ensemble
        seed: of the noise of corruptions and of evaluation
        split: images: one of test, validation, train
        images: only the first so many of them; 0: all
        out: also write the result as JSON
        overwrite: replace a file that --out names
        form: how pruned layers are computed: auto (whichever is the fastest), dense, csr or compact; a given form
            gives the same bits at every run
        data: images, where they are not those of the run's config; also the HDF5 file of `attack --save`
        data_pixel_range: of float32 images of --data: what black and white are; none: they are bytes, or the
            dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
    """
    return call("shift", dict(locals()))


def attack(
    paths: Texts = (),
    *,
    judge: Texts = (),
    against: Text = "1",
    method: Text = "pgd-linf",
    epsilon: Text = "",
    step: Text = "",
    steps: int = 10,
    restarts: int = 1,
    start: Text = "auto",
    target: Text = "none",
    gradient: Text = "auto",
    samples: int = 10,
    precision: Text = "float32",
    mode: Text = "ensemble",
    judge_samples: int = 10,
    judge_every: int = 1,
    images: int = 0,
    split: Text = "test",
    seed: int = 1,
    batch: int = 0,
    epoch: Text = "last",
    data: Text = "",
    data_pixel_range: Text = "none",
    out: Text = "",
    overwrite: bool = False,
    save: bool = False,
    grid: bool = False,
    sanity: bool = False,
    device: Text = "auto",
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """How easily images are moved until networks are wrong: rate and entropy by step.

    Args:
        paths: what is attacked: a run, RUN@EPOCH, a checkpoint or a pruned file; several, or a run of several
            members: their mean prediction
        judge: others that see the images too: how attacks transfer; a run of several members is one judge
        against: the judge that the others are compared with, image by image: its name in the table or its number;
            1: what is attacked
        method: fgsm: one step of the sign; ifgsm: the paper's, steps of a fixed size; pgd-linf, pgd-l2: projected,
            from random points: one of fgsm, ifgsm, pgd-linf, pgd-l2
        epsilon: how far pixels, or with pgd-l2 images, may move: a share of the image's range (8/255, 0.03), pixel
            values (8px), or none [none for ifgsm; the others want one]
        step: of a step, in the same units [ifgsm: 0.5px; pgd: 2.5 epsilon / steps; fgsm: epsilon]
        steps: of the iterative ones
        restarts: random starts; each image keeps the best by the attack's own draws
        start: where it begins; auto: pgd at a random point of the ball, others at the image: one of auto, image,
            random
        target: none (any wrong class), next, random, least-likely, or a class's number
        gradient: through what it goes: samples (as many as --samples, new ones at every step), one sample, or the
            mean; auto: as --mode: one of auto, samples, one, mean
        samples: members of a gradient
        precision: of the gradients' products: tf32 (on a GPU) and bf16 are faster; judgements are float32: one of
            float32, tf32, bf16
        mode: how the networks predict when they are judged: one of ensemble, deterministic
        judge_samples: members that judge, by noise that no gradient saw
        judge_every: steps between judgements; 0: before the first and after the last
        images: attacked: the first so many of the split; 0: all [200 at most with --sanity]
        split: images: one of test, validation, train
        seed: of all noise, starts and random targets
        batch: images at a time, and lost at most when interrupted; 0: as many as fit
        epoch: of run folders: last, best, or an epoch
        data: images, where they are not those of the run's config; also the HDF5 file of `attack --save`
        data_pixel_range: of float32 images of --data: what black and white are; none: they are bytes, or the
            dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255
        out: the result, a JSON file; others get its name with their own endings [RUN/attacks/NAME.json]
        overwrite: replace a file that --out names
        save: keep the attacked images and what became of each (HDF5)
        grid: a picture (PNG) of the first images, the attacked ones, and their difference
        sanity: whether the attack can be trusted: checks for masked gradients in place of the attack
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
    """
    return call("attack", dict(locals()))


def export(
    source: Text = "",
    *,
    epoch: Text = "last",
    to: Text = "",
    form: Text = "dense",
    mode: Text = "auto",
    out: Text = "",
    overwrite: bool = False,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Writes a network as safetensors, ONNX, or a file that PyTorch runs.

    Args:
        source: a run folder, RUN@EPOCH, a checkpoint or a pruned file
        epoch: of a run folder: last, best, or an epoch
        to: the file's format; pytorch: a Python file that wants PyTorch alone: one of safetensors, onnx, pytorch
        form: how safetensors hold pruned layers: dense or csr; ONNX graphs are dense
        mode: what an ONNX graph computes: ensemble (one member, its noise an input), deterministic, zero-mean,
            moments, head, or auto (ensemble; of a network without noise deterministic)
        out: the file to write [RUN/exports/NAME, of a pruned file: beside it]
        overwrite: replace a file that is there
    """
    return call("export", dict(locals()))


def import_(
    file: Text = "",
    *,
    network: Text = "",
    preset: Text = "",
    run: Text = "",
    out: Text = "",
    map: Text = "",
    log_alpha: float | None = None,
    overwrite: bool = False,
    set: Texts | Mapping[str, Any] = (),
    data: Text | None = None,
    validation: float | None = None,
    train_limit: int | None = None,
    test_limit: int | None = None,
    labels: Text | None = None,
    skip_damaged: bool | None = None,
    normalize: Text | None = None,
    pixel_mean: Any = None,
    pixel_std: Any = None,
    class_names: Any = None,
    convert: Text | None = None,
    resize: Text | None = None,
    hdf5_images: Text | None = None,
    hdf5_labels: Text | None = None,
    pixel_range: Text | None = None,
    max_unpacked_bytes: int | None = None,
    max_image_pixels: int | None = None,
    max_jpeg_scans: int | None = None,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Makes a run of a PyTorch network's weights (safetensors or NPZ).

    Args:
        file: a state_dict as safetensors or NPZ
        network: the network's spec (JSON); exports of Varphase bring their own
        preset: or a preset's network, data and training
        run: the run folder to make
        out: or the checkpoint alone; of an exported pruned file: the pruned file
        map: modules of the file by layers of the network, where names do not tell (JSON: {"encoder.proj":
            "dense1"})
        log_alpha: of variance layers whose weights come without variances: sigma^2 = exp(log alpha) weight^2 [the
            network's own]
        overwrite: replace a run or file that is there
        set: section.field=value of the run's configuration
        data: a folder of IDX, CIFAR or .npy files or of images, an HDF5 or .npz file, or mnist, fashion-mnist,
            cifar-10, cifar-100, cifar-100-coarse, synthetic-digits, four-gaussians [data.data, "fashion-mnist"]
        validation: share of the training images held out to choose thresholds on [data.validation, 0.0]
        train_limit: use the first so many training images; 0: all (images) [data.train_limit, 0]
        test_limit: use the first so many test images; 0: all (images) [data.test_limit, 0]
        labels: of CIFAR-100: the 100 fine or the 20 coarse classes: one of fine, coarse [data.labels, "fine"]
        skip_damaged: leave images of an image folder out that are damaged, unsupported or not there, instead of
            stopping [data.skip_damaged, false]
        normalize: none: pixel / 255; standard: less the training images' mean by channel, over their standard
            deviation: one of none, standard [data.normalize, "none"]
        pixel_mean: of normalize=standard, a list by channel; empty: measured, and recorded in the run's config
            [data.pixel_mean]
        pixel_std: likewise [data.pixel_std]
        class_names: by class number, a list such as '["cat", "dog"]'; empty: those that the data have, recorded in
            the run's config [data.class_names]
        convert: make images grey (ITU-R 601 luma) or rgb (three equal channels of a grey one): one of none, grey,
            rgb [data.convert, "none"]
        resize: bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, antialiased, as Pillow's
            BILINEAR; none: as they are [data.resize, "none"]
        hdf5_images: the images' array in an HDF5 or NumPy file: its name in train/ and test/, or TRAIN,TEST, or of
            all images; empty: the usual names [data.hdf5_images]
        hdf5_labels: likewise the labels' array [data.hdf5_labels]
        pixel_range: of float32 images in an HDF5 or NumPy file: what black and white are; none: they are bytes, or
            the dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255 [data.pixel_range, "none"]
        max_unpacked_bytes: most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, or 64 times its own
            size where that is more (bytes) [data.max_unpacked_bytes, 0]
        max_image_pixels: larger JPEG and PNG files are unsupported (pixels) [data.max_image_pixels, 67108864]
        max_jpeg_scans: progressive JPEGs of more scans are unsupported; above 2^24 pixels as many fewer (scans)
            [data.max_jpeg_scans, 64]
    """
    return call("import_", dict(locals()))


def predict(
    source: Text = "",
    images: Texts = (),
    *,
    out: Text = "",
    format: Text = "auto",
    mode: Text = "ensemble",
    samples: int = 50,
    seed: int = 1,
    epoch: Text = "last",
    batch: int = 0,
    skip_damaged: bool = False,
    form: Text = "auto",
    overwrite: bool = False,
    set: Texts | Mapping[str, Any] = (),
    device: Text = "auto",
    threads: int = 0,
    convert: Text | None = None,
    resize: Text | None = None,
    hdf5_images: Text | None = None,
    hdf5_labels: Text | None = None,
    pixel_range: Text | None = None,
    max_unpacked_bytes: int | None = None,
    max_image_pixels: int | None = None,
    max_jpeg_scans: int | None = None,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Class probabilities and their uncertainty for images without labels.

    Args:
        source: a run folder, RUN@EPOCH, a checkpoint, or a pruned file
        images: image files or folders of them; or one IDX (plain, gzipped), CIFAR, HDF5, .npy or .npz file
        out: the file to write; -: stdout
        format: of what is written; auto is by the file's ending: one of auto, csv, jsonl, json, hdf5
        mode: ensemble, deterministic, stochastic or zero-mean
        samples: members of the ensemble
        seed: of the noise, which an image's place keys
        epoch: of a run folder: last, best, or an epoch
        batch: images in memory at a time; 0: as many as fit
        skip_damaged: leave image files out that are damaged, unsupported or not there, and say how many
        form: how pruned layers are computed: auto (whichever is the fastest), dense, csr or compact; a given form
            gives the same bits at every run
        overwrite: replace a file that is there
        set: data.field=value of how image files are read, where not as the run had it
        device: auto, cpu, cuda or cuda:N
        threads: CPU threads; 0: all cores
        convert: make images grey (ITU-R 601 luma) or rgb (three equal channels of a grey one): one of none, grey,
            rgb [data.convert, "none"]
        resize: bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, antialiased, as Pillow's
            BILINEAR; none: as they are [data.resize, "none"]
        hdf5_images: the images' array in an HDF5 or NumPy file: its name in train/ and test/, or TRAIN,TEST, or of
            all images; empty: the usual names [data.hdf5_images]
        hdf5_labels: likewise the labels' array [data.hdf5_labels]
        pixel_range: of float32 images in an HDF5 or NumPy file: what black and white are; none: they are bytes, or
            the dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255 [data.pixel_range, "none"]
        max_unpacked_bytes: most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, or 64 times its own
            size where that is more (bytes) [data.max_unpacked_bytes, 0]
        max_image_pixels: larger JPEG and PNG files are unsupported (pixels) [data.max_image_pixels, 67108864]
        max_jpeg_scans: progressive JPEGs of more scans are unsupported; above 2^24 pixels as many fewer (scans)
            [data.max_jpeg_scans, 64]
    """
    return call("predict", dict(locals()))


def inspect(
    paths: Texts = (),
    *,
    statistics: bool = False,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Says what is in checkpoints, kappa maps and pruned files.

    Args:
        paths: files
        statistics: least, largest and mean of each array
    """
    return call("inspect", dict(locals()))


def check(
    paths: Texts = (),
    *,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Says whether files are whole: digest, checksums, schema.

    Args:
        paths: files or folders
    """
    return call("check", dict(locals()))


def describe_data(
    data: Text = "fashion-mnist",
    *,
    validation: float = 0.0,
    labels: Text = "fine",
    skip_damaged: bool = False,
    convert: Text = "none",
    resize: Text = "none",
    hdf5_images: Text = "",
    hdf5_labels: Text = "",
    pixel_range: Text = "none",
    max_unpacked_bytes: int = 0,
    max_image_pixels: int = 67108864,
    max_jpeg_scans: int = 64,
    threads: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Describes a data set.

    Args:
        data: a folder of IDX, CIFAR or .npy files or of images, an HDF5 or .npz file, or mnist, fashion-mnist,
            cifar-10, cifar-100, cifar-100-coarse, synthetic-digits, four-gaussians
        validation: share of the training images held out to choose thresholds on
        labels: of CIFAR-100: the 100 fine or the 20 coarse classes: one of fine, coarse
        skip_damaged: leave images of an image folder out that are damaged, unsupported or not there, instead of
            stopping
        convert: make images grey (ITU-R 601 luma) or rgb (three equal channels of a grey one): one of none, grey,
            rgb
        resize: bring images to HEIGHTxWIDTH, or to a square of one number: bilinear, antialiased, as Pillow's
            BILINEAR; none: as they are
        hdf5_images: the images' array in an HDF5 or NumPy file: its name in train/ and test/, or TRAIN,TEST, or of
            all images; empty: the usual names
        hdf5_labels: likewise the labels' array
        pixel_range: of float32 images in an HDF5 or NumPy file: what black and white are; none: they are bytes, or
            the dataset's HDF5 attribute `range` says it: one of none, 0..1, 0..255
        max_unpacked_bytes: most that a packed file (gzip, HDF5, NPZ) may unpack to; 0: 256 MiB, or 64 times its own
            size where that is more (bytes)
        max_image_pixels: larger JPEG and PNG files are unsupported (pixels)
        max_jpeg_scans: progressive JPEGs of more scans are unsupported; above 2^24 pixels as many fewer (scans)
        threads: that decode images; 0: all cores
    """
    return call("describe_data", dict(locals()))


def report(
    runs: Texts = (),
    *,
    out: Text = "",
    figures: Text = "",
    format: Text = "svg",
    overwrite: bool = False,
    watch: bool = False,
    port: int = 0,
    progress: bool | None = None,
    listener: Listener | None = None,
) -> Any:
    """Makes one HTML page of a run, or of several side by side, to be opened without a network.

    Args:
        runs: a run folder; several, or a run of several members: side by side on one page
        out: the page [RUN/report.html, also of members; of several runs it has to be given]
        figures: a folder: every figure as a paper prints it, a column (84 mm) wide, its font within, figure1 to
            figure5 as in the paper; by a Chromium
        format: of --figures: svg, pdf or png (300 dots an inch)
        overwrite: replace files that --out and --figures name
        watch: serve the page to browsers of this machine instead, renewed as the runs go on, until Ctrl-C; writes
            nothing
        port: of --watch, on 127.0.0.1; 0: any that is free
    """
    return call("report", dict(locals()))
