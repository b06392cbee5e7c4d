// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "tools/app/image_share_files.hpp"

#include <fmt/format.h>

#include "src/base/csv_table.hpp"

namespace varphase {

std::vector<std::int64_t> weight_index(std::int64_t weight,
                                       const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = weight % shape[d];
    weight /= shape[d];
  }
  return index;
}

Json image_json(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  Json list = Json::array();
  for (const LayerImages& layer : layers) {
    Json weights = Json::array();
    for (const WeightImages& weight : layer.weights) {
      Json images = Json::array();
      for (const ImageShare& image : weight.images)
        images.push_back({{"image", image.image},
                          {"label", image.label},
                          {"kappa", image.kappa},
                          {"share", image.share}});
      weights.push_back({{"weight", weight.weight},
                         {"index", weight_index(weight.weight, layer.shape)},
                         {"kappa", weight.kappa},
                         {"effective_images", weight.effective_images},
                         {"images", images}});
    }
    list.push_back({{"epoch", epoch},
                    {"layer", layer.layer},
                    {"quantity", layer.has_variance ? "kappa" : "curvature"},
                    {"weights", weights}});
  }
  return list;
}

std::string image_csv(const std::vector<LayerImages>& layers, std::int64_t epoch) {
  std::string text =
      "epoch,layer,weight,kappa,effective_images,rank,image,label,image_kappa,share\n";
  for (const LayerImages& layer : layers) {
    for (const WeightImages& weight : layer.weights) {
      for (std::size_t k = 0; k < weight.images.size(); ++k) {
        const ImageShare& image = weight.images[k];
        text += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", epoch, csv_cell(layer.layer),
                            weight.weight, csv_cell(weight.kappa),
                            csv_cell(weight.effective_images), k + 1, image.image, image.label,
                            csv_cell(image.kappa), csv_cell(image.share));
      }
    }
  }
  return text;
}

}  // namespace varphase
