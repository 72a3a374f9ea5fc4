# Two tasks weighted by learned uncertainties: exp(-s) times a loss, plus s
# m = 5; Y_c one-hot
X: 3 x m
Y_r: 2 x m
Y_c: 4 x m
W: 6 x 3
W_r: 2 x 6
W_c: 4 x 6
s1, s2: 1 x 1
H = tanh(W @ X)
L1 = mse(W_r @ H, Y_r)
C = softmax(W_c @ H)
L2 = cross_entropy(C, Y_c)
loss = exp(-s1) * L1 + exp(-s2) * L2 + s1 + s2
