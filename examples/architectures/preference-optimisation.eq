# Preferences without a reward: the policy against a given one
# Rafailov, Sharma, Mitchell, Ermon, Manning and Finn (2023), Direct preference optimization
X: 4 x m
W: 3 x 4
V: 3 x 4 frozen
Y_w, Y_l: 3 x m
P = log_softmax(W @ X)
R = log_softmax(V @ X)
h = sum((Y_w - Y_l) * (P - R), axis=0)
loss = -mean(log(sigmoid(0.1 * h)))
