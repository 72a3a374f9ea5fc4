# Attention with a linear bias for the distance, its slope trained
# Press, Smith and Lewis (2022), Train short, test long
X: 4 x 5 input
Y: 4 x 5
mask, distance: 5 x 5 constant
s: 1 x 1
W_Q, W_K, W_V: 4 x 4
S = (W_K @ X).T @ (W_Q @ X) / 2 - exp(s) * distance
A = softmax(where(mask, S, -1000))
loss = sum((W_V @ X @ A - Y)**2) / 2
