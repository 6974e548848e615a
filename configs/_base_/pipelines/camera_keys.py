"""What a sample carries for losses and metrics in 3D, with ``InputCamera`` before."""
meta_keys = ('id', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'input_size',
             'input_center', 'input_scale', 'flip', 'flip_indices', 'category_id',
             'frame_id', 'person_id', 'camera_id', 'input_K', 'input_dist', 'input_R')
