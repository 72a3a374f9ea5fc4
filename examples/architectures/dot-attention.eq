# Scaled dot-product attention over one sequence, tokens as columns
# Vaswani et al. (2017), Attention is all you need
X: 4 x 5 input
Y: 3 x 5
W_Q, W_K: 2 x 4
W_V: 3 x 4
Q = W_Q @ X
K = W_K @ X
V = W_V @ X
A = softmax(K.T @ Q / sqrt(2))
loss = sum((V @ A - Y)**2) / 2
