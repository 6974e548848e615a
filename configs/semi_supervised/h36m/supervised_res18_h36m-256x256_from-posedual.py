"""Pre-trained by PoseDual A+JC on MPII and AIC, fine-tuned (Xie21, Table 7: 89.7).

``tools/misc/extract_student.py`` writes the checkpoint.
"""
_base_ = './supervised_res18_h36m-256x256_from-mpii.py'
load_from = 'work_dirs/posedual-a-jc_res18_mpii-aic-256x256_all/student0.pth'
