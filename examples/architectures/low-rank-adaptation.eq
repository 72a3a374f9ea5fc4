# A frozen weight and a correction of low rank that is trained
# Hu et al. (2022), LoRA
X: 4 x m
Y: 3 x m
W: 5 x 4 frozen
V: 3 x 5 frozen
A: 2 x 4
B: 5 x 2
H = (W + 8 / 2 * B @ A) @ X
loss = -sum(Y * log_softmax(V @ gelu(H))) / m
