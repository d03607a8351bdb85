"""Names of `tf.image`."""

_FILES = {
    "image_colors": (
        "convert_image_dtype", "rgb_to_grayscale", "grayscale_to_rgb", "rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb",
        "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation", "random_brightness",
        "random_contrast", "random_saturation", "random_hue", "per_image_standardization",
    ),
    "image_geometry": (
        "flip_left_right", "flip_up_down", "random_flip_left_right", "random_flip_up_down", "rot90", "transpose_image", "central_crop",
        "pad_to_bounding_box", "crop_to_bounding_box", "resize_image_with_crop_or_pad",
    ),
    "image_resizing": (
        "ResizeMethod", "resize_bilinear", "resize_nearest_neighbor", "resize_bicubic", "resize_area", "resize_images", "resize_image_with_pad",
        "crop_and_resize",
    ),
    "image_boxes": (
        "draw_bounding_boxes", "sample_distorted_bounding_box", "non_max_suppression", "non_max_suppression_with_scores", "non_max_suppression_padded",
        "non_max_suppression_overlaps", "combined_non_max_suppression", "extract_image_patches", "extract_patches", "extract_glimpse",
    ),
    "image_codecs": (
        "adjust_jpeg_quality", "random_jpeg_quality",
        "decode_jpeg", "decode_and_crop_jpeg", "decode_png", "decode_gif", "decode_bmp", "decode_image", "encode_jpeg", "encode_png",
        "extract_jpeg_shape", "is_jpeg",
    ),
    "image_quality": ("total_variation", "image_gradients", "sobel_edges", "psnr", "ssim", "ssim_multiscale"),
}  # fmt: skip

NAMES = {f"image.{name}": f"python.{file}:{name}" for file, found in _FILES.items() for name in found}
NAMES["image.resize"] = NAMES["image.resize_images"]
NAMES["image.transpose"] = NAMES["image.transpose_image"]
NAMES["image.resize_with_crop_or_pad"] = NAMES["image.resize_image_with_crop_or_pad"]
NAMES["extract_image_patches"] = NAMES["image.extract_image_patches"]
NAMES["extract_volume_patches"] = "python.image_boxes:extract_volume_patches"
for _name in _FILES["image_codecs"]:
    NAMES[f"io.{_name}"] = f"python.image_codecs:{_name}"
