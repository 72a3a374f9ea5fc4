# Attention and feed-forward part side by side
# Wang and Komatsuzaki (2021), GPT-J-6B
X: 4 x 5 input
Y: 4 x 5
W_Q, W_K, W_V, W_O: 4 x 4
W1: 8 x 4
W2: 4 x 8
N = layernorm(X)
A = softmax((W_K @ N).T @ (W_Q @ N) / 2)
O = X + W_O @ (W_V @ N @ A) + W2 @ gelu(W1 @ N)
loss = sum((O - Y)**2) / 2
