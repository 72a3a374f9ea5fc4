# Linear attention with the feature map elu + 1
# Katharopoulos, Vyas, Pappas and Fleuret (2020), Transformers are RNNs
X: 4 x 5 input
Y: 3 x 5
W_Q, W_K: 2 x 4
W_V: 3 x 4
Q = elu(W_Q @ X) + 1
K = elu(W_K @ X) + 1
S = W_V @ X @ K.T
z = sum(K, axis=1)
O = S @ Q / (z.T @ Q)
loss = sum((O - Y)**2) / 2
