# Graph attention, one head, nodes as rows
# Veličković et al. (2018), Graph attention networks
A: 5 x 5 constant
X: 5 x 3 input
Y: 5 x 2
W: 3 x 4
a1, a2: 4 x 1
V: 4 x 2
H = X @ W
E = leaky_relu(H @ a1 + (H @ a2).T, 0.2)
P = softmax(where(A, E, -1000), axis=1)
O = elu(P @ H) @ V
loss = -sum(Y * log_softmax(O, axis=1)) / 5
