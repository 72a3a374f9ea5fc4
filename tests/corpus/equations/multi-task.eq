# A shared trunk and two heads with losses of their own
# m = 5; Y_c one-hot
X: 3 x m
Y_r: 2 x m
Y_c: 4 x m
W: 6 x 3
b: 6 x 1
W_r: 2 x 6
W_c: 4 x 6
H = gelu(W @ X + b)
R = W_r @ H
C = softmax(W_c @ H)
loss = mse(R, Y_r) + cross_entropy(C, Y_c)
